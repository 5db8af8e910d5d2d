#!/bin/sh
# A day's work with Compose, version 1 or 2. Each command has to succeed and to have its effect.
set -eux
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# Both versions look in the work directory; the names of what they make begin with the project's.
cd "$(dirname "$0")"
export COMPOSE_PROJECT_NAME=day
compose=docker-compose

# says SERVICE WORD: it has printed that.
says() {
    $compose logs --no-color "$1" | grep -q "$2"
}

running() {
    $compose ps --services --filter status=running | sort | paste -s -d ' ' -
}

$compose version
$compose config
$compose up --detach
is "$(running)" 'store web'
$compose ps
$compose images
$compose top
$compose port web 8080
eventually says web begun
is "$($compose exec -T web id -u)" 65534
is "$($compose run --rm -T task)" 'done'

# Changes: another service of the same kind, then one that is made anew.
$compose up --detach --scale store=2
is "$($compose ps --quiet store | wc -l)" 2
# Compose 1 needs a field of images for this that daemons after 20.10 no longer give.
case "$($compose version --short)/$(docker version --format '{{.Server.Version}}')" in
2.* | 1.*/20.10.*) $compose up --detach --force-recreate --no-deps web ;;
esac
$compose pause web
$compose unpause web
$compose restart web
$compose stop store
is "$(running)" web
$compose start store
$compose kill web
$compose rm --force web
is "$(running)" store
$compose up --detach
$compose down --volumes --timeout 1
is "$(docker ps --all --quiet)" ''
is "$(docker volume ls --quiet)" ''
