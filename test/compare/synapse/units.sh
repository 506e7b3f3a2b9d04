# Sourced by test/cluster/image/supervise, whose functions these replace: how a site's programs are set up and run.

install_configuration() {
  install -d -m 0755 /etc/farol /etc/patroni /etc/synapse /etc/keepalived /run/keepalived
  install -d -m 0750 -g farol-tls /etc/farol/tls
  install -m 0640 -g farol-tls /site/tls/* /etc/farol/tls/
  install -m 0644 /site/etcd.env /etc/default/etcd
  install -d -m 0700 -o etcd -g etcd /var/lib/etcd/farol
  install -m 0600 -o postgres -g postgres /site/patroni.yml /etc/patroni/config.yml
  install -m 0755 /site/create-database /etc/patroni/create-database
  install -d -m 0755 -o postgres -g postgres /var/run/postgresql /var/lib/postgresql/17
  install -m 0640 -g synapse /site/homeserver.yaml /site/log.yaml /site/signing.key /etc/synapse/
  install -d -m 0750 -o synapse -g synapse /var/lib/synapse /run/synapse
  install -m 0644 /site/nginx.conf /etc/nginx/nginx.conf
  install -m 0644 /site/keepalived.conf /etc/keepalived/keepalived.conf
  install -m 0755 /site/notify /site/check /etc/keepalived/
  # keepalived's notify script starts these where the address is.
  mkdir -p /run/units
  touch /run/units/synapse.off /run/units/nginx.off
}

run_etcd() { set -a; . /etc/default/etcd; as etcd etcd; }
run_patroni() { cd /var/lib/postgresql; export HOME=$PWD; as postgres patroni /etc/patroni/config.yml; }
run_synapse() { cd /var/lib/synapse; as synapse /opt/synapse/bin/python -m synapse.app.homeserver --config-path /etc/synapse/homeserver.yaml; }
# As systemd does it with what a unit that fell has left behind: workers would go on holding the port.
run_nginx() { pkill -KILL -x nginx; exec nginx -g 'daemon off;'; }
run_keepalived() { rm -f /run/keepalived/*.pid; exec keepalived --dont-fork --log-console --vrrp --use-file /etc/keepalived/keepalived.conf; }
