/** How a site that was given up comes back (failover/README.md, "Two sites without a witness"): its old data of etcd are put aside, and its member joins anew. */
export const TAKEN_IN =
  "`sudo -u etcd sh -c 'echo given up > /var/lib/etcd/farol.replacing' && systemctl restart etcd`";

/** What joined so only listens, until somebody lets it vote. */
export const VOTES_AGAIN =
  '`etcdctl member list`, and `etcdctl member promote ID` until that is accepted';
