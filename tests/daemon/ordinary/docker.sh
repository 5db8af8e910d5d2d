#!/bin/sh
# A day's work with the docker client, as somebody does it who follows the rules. Each command has
# to succeed and to have its effect.
# shellcheck disable=SC2086 # the words of $hardened are to be split
set -eux
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

hardened='--cap-drop=ALL --security-opt=no-new-privileges --user=65534:65534 --memory=64m
    --memory-swap=64m --cpus=0.5 --pids-limit=64 --read-only --network=work'
image=lockgate/busybox
# In a directory that the daemon sees, too.
cd "$(mktemp -d "$(dirname "$0")/work.XXXXXX")"
mkdir own

# says CONTAINER LINE: it has printed that, and nothing else.
says() {
    is "$(docker logs "$1")" "$2"
}

# of NAME TEMPLATE: what the daemon says of a container, an image, a volume or a network
of() {
    docker inspect --format "{{$2}}" "$1"
}

# Before anything is begun.
docker version
docker info
docker system df
docker images
docker ps --all
docker context ls

# Networks.
docker network create work
docker network create --internal --driver bridge --subnet 10.99.0.0/24 --label purpose=test inside
is "$(of inside .Internal)" true
docker network ls

# Containers from their making to their end.
docker run --rm $hardened $image echo hello
docker create --name idle $hardened --restart unless-stopped --env A=b --label purpose=test \
    --tmpfs /tmp:size=1m --volume data:/data --volume "$PWD/own:/own:ro" --publish 127.0.0.1:8080:8080 --hostname idle \
    --init --stop-timeout 1 --health-cmd true --health-interval 1m --ulimit nofile=64:64 \
    --log-opt max-size=1m --workdir /tmp $image sh -c 'echo begun; exec sleep 1000'
docker start idle
is "$(of idle .State.Status)" running
docker ps --filter name=idle --format '{{.Names}}'
eventually says idle begun
docker top idle
docker stats --no-stream idle
docker port idle
docker diff idle
is "$(docker exec idle id -u)" 65534
is "$(echo through | docker exec --interactive idle cat)" through
is "$(docker exec --user 65534:65534 --workdir / --env A=c idle sh -c 'echo $A')" c
docker pause idle
is "$(of idle .State.Status)" paused
docker unpause idle
docker restart idle
docker rename idle busy
docker network connect --alias other inside busy
docker network inspect inside
docker network disconnect inside busy
docker update --memory 32m --memory-swap 32m busy
is "$(of busy .HostConfig.Memory)" 33554432
docker update --cpus 0.25 busy
docker update --pids-limit 32 busy
docker update --restart no busy
docker kill --signal HUP busy
docker stop busy
is "$(of busy .State.Status)" exited
docker start busy
docker kill busy
docker wait busy
is "$(docker run --detach --name short $hardened $image true | wc -c)" 65
is "$(docker wait short)" 0
is "$(docker run --rm --interactive $hardened $image cat <"$0")" "$(cat "$0")"

# Files in and out.
docker volume create --label purpose=test kept
docker run --name files $hardened --volume kept:/kept:ro --volume data:/data $image true
echo content >file
docker cp file files:/data/file
docker cp files:/data/file back
is "$(cat back)" content
docker cp files:/etc/passwd - | tar -t
docker export files | tar -t >list
grep -q bin/busybox list
docker volume ls
is "$(of kept .Name)" kept

# Images.
docker commit --message 'as it was' --change 'CMD ["true"]' files work/committed
docker tag work/committed work/tagged:1
docker history work/tagged:1
docker save --output image.tar work/committed work/tagged:1
docker rmi work/committed work/tagged:1
docker load --input image.tar
is "$(of work/tagged:1 .Comment)" 'as it was'
docker export files | docker import --change 'ENV A=b' - work/imported:1
is "$(of work/imported:1 .Config.Env)" '[A=b]'
mkdir context
cp "$0" context/file
cat >context/Dockerfile <<'DOCKERFILE'
FROM lockgate/busybox
ARG WHO=nobody
COPY file /srv/file
RUN echo "$WHO" >/srv/who
USER 65534
CMD ["cat", "/srv/who"]
DOCKERFILE
DOCKER_BUILDKIT=0 docker build --network none --memory 128m --memory-swap 128m \
    --cpu-period 100000 --cpu-quota 50000 --build-arg WHO=me --tag work/built --label purpose=test \
    context
is "$(docker run --rm $hardened work/built)" me
DOCKER_BUILDKIT=1 docker build --network none --tag work/kit context
is "$(docker run --rm $hardened work/kit)" nobody

# What happened, and the end of it all.
docker events --since 1h --until 0s --filter event=die --format '{{.Status}}' >log
grep -q die log
docker rm --volumes short
docker rm --force busy files
docker container prune --force
docker volume rm data kept
docker volume prune --force
docker network rm inside
docker rmi work/built work/kit work/committed work/tagged:1 work/imported:1
docker image prune --force
docker builder prune --force
docker network prune --force
docker system prune --force
is "$(docker ps --all --quiet)" ''
is "$(docker volume ls --quiet)" ''
