#!/bin/sh
# A day's work with services on a Swarm of one node. Each command has to succeed and to have its
# effect.
set -eux
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

hardened='--cap-drop ALL --user 65534:65534 --read-only --limit-memory 64m --limit-cpu 0.5
    --limit-pids 64'

# running SERVICE COUNT TEMPLATE VALUE: so many containers of it run, and each has that value.
running() {
    found=$(docker ps --quiet --filter "label=com.docker.swarm.service.name=$1")
    is "$(echo "$found" | wc -w)" "$2" || return 1
    for container in $found; do
        is "$(docker inspect --format "{{$3}}" "$container")" "$4" || return 1
    done
}

docker swarm init --advertise-addr 127.0.0.1
docker node ls
docker node inspect self
docker network create --driver overlay --attachable outside
docker network create --driver overlay --internal inside
echo secret | docker secret create word -
echo setting | docker config create setting -

# shellcheck disable=SC2086 # the words of $hardened are to be split
docker service create --detach --name web $hardened --network inside --endpoint-mode dnsrr \
    --secret word --config source=setting,target=/setting --env A=b --label purpose=test \
    --mount type=tmpfs,target=/tmp --mount type=volume,source=data,target=/data \
    --restart-condition any --stop-grace-period 1s --hostname web \
    lockgate/busybox sh -c 'cat /setting; exec sleep 1000'
eventually running web 1 .HostConfig.Memory 67108864
docker service ls
docker service ps web
docker service inspect --pretty web
docker service logs web
container=$(docker ps --quiet --filter label=com.docker.swarm.service.name=web)
is "$(docker exec "$container" cat /run/secrets/word)" secret

docker service scale --detach web=2
eventually running web 2 .HostConfig.Memory 67108864
docker service update --detach --limit-memory 32m --env-add A=c --update-parallelism 2 web
eventually running web 2 .HostConfig.Memory 33554432

docker service rm web
docker secret rm word
docker config rm setting
docker node update --label-add purpose=test "$(docker node ls --quiet)"
docker swarm leave --force
