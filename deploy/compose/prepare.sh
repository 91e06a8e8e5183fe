#!/usr/bin/env bash
# Make what `compose.yaml` asks for and nobody should share: secrets, and settings to be edited.
# What is there already stays. Run it as root: each secret then belongs to the user of the container
# that reads it, and to nobody else. Put TLS files of your own at secrets/tls.crt and secrets/tls.key
# before; else a certificate that no browser trusts is made for the name in MAINSHOCK_DOMAIN.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
umask 077
mkdir -p secrets conf

mainshock=10001 kafka=1000 postgres=999 grafana=472 nginx=101 # users inside the images

say() { echo "prepare: $*" >&2; }
random() { openssl rand -hex 24; }
secret() { # NAME OWNER, content on stdin
    if ! test -e "secrets/$1"; then cat >"secrets/$1"; else cat >/dev/null; fi
    chmod 0440 "secrets/$1"
    if test "$(id -u)" = 0; then chown "$2:$2" "secrets/$1"; fi
}
setting() { # NAME, content on stdin
    if ! test -e "$1"; then cat >"$1"; else cat >/dev/null; fi
    chmod 0644 "$1"
}

test "$(id -u)" = 0 || say "not root: the secrets stay yours, so containers cannot read them"
random | secret token $mainshock
random | secret alert_key $mainshock
random | secret provider_secret $mainshock # to be replaced by what the provider states
random | secret kafka_password $mainshock
random | secret store_password $mainshock
random | secret grafana_password $grafana
secret postgres_password $postgres <secrets/store_password

broker_password=$(random)
kafka_password=$(cat secrets/kafka_password)
plain="org.apache.kafka.common.security.plain.PlainLoginModule required"
secret server.properties $kafka <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
controller.listener.names=CONTROLLER
listeners=CONTROLLER://localhost:9093,CLIENTS://:9092
advertised.listeners=CLIENTS://kafka:9092
listener.security.protocol.map=CONTROLLER:PLAINTEXT,CLIENTS:SASL_PLAINTEXT
inter.broker.listener.name=CLIENTS
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.clients.plain.sasl.jaas.config=$plain username="broker" password="$broker_password" user_broker="$broker_password" user_mainshock="$kafka_password";
log.dirs=/var/lib/kafka/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=1000
message.max.bytes=10485760
END

if ! test -e secrets/tls.crt; then
    domain=${MAINSHOCK_DOMAIN:-localhost}
    openssl req -x509 -newkey rsa:3072 -nodes -days 90 -subj "/CN=$domain" \
        -addext "subjectAltName=DNS:$domain" -keyout secrets/tls.key -out secrets/tls.crt 2>/dev/null
    say "made a certificate for $domain that is good for trying only"
fi
secret tls.crt $nginx </dev/null
secret tls.key $nginx </dev/null

setting conf/kafka.toml <<'END'
bootstrap = "kafka:9092"
security = "sasl_plaintext"
mechanism = "PLAIN"
user = "mainshock"
password = "file:/run/secrets/kafka_password"

[topics]
partitions = 12
replication = 1
END

setting conf/alerts.toml <<'END'
# Who is told of which events; `mainshock stream alerts-check` says what it would do
[[rules]]
name = "everything"
channels = ["log"]

[channels.log]
kind = "file"
path = "/var/lib/mainshock/alerts.jsonl"
END

setting conf/security.toml <<END
# How the service guards itself, and where people sign in who have an account elsewhere
public_url = "https://${MAINSHOCK_DOMAIN:-localhost}"
END

# Those of the demonstration
setting conf/stations.csv <<'END'
network,station,longitude,latitude,elevation_m
BW,UH1,11.636035,48.081506,400.0
BW,UH2,11.682010,48.057873,400.0
BW,UH3,11.638762,48.030801,400.0
BW,UH4,11.535572,48.032293,400.0
END

setting .env <<'END'
# single: one process; kafka: each stage by itself
COMPOSE_PROFILES=single
MAINSHOCK_DOMAIN=localhost
# demo, or seedlink://HOST:PORT/STREAMS with the stations in conf/stations.csv or a StationXML there
MAINSHOCK_SOURCE=demo
#MAINSHOCK_OPTIONS=--stations=/etc/mainshock/stations.csv
# --replay for records of the past, --synthetic for made-up ones; empty for live ones
MAINSHOCK_STAGE_OPTIONS=--replay
END
chmod 0755 conf
say "secrets/ and conf/ are ready; look at .env, then: docker compose up --detach"
