import type { Status } from '../status/status.ts';
import { whyUnknown } from './outlook.ts';

/** etcd's members that answer are too few to decide anything. */
export const isWithoutMajority = ({ etcd }: Pick<Status, 'etcd'>): boolean =>
  2 * etcd.filter(({ answers }) => answers).length <= etcd.length && etcd.length > 0;

/**
 * F6: without a majority nothing can be written down, also not who goes on. What is left of etcd has to be made whole by hand,
 * at one site, first.
 */
export function lostMajority(status: Pick<Status, 'etcd'>): string {
  const there = status.etcd.filter(({ answers }) => answers).map(({ member }) => member);
  return [...whyUnknown(status), ...(there.length === 0 ? NONE : steps(there))].join('\n');
}

const NONE = ['No member of etcd answers: start etcd at a site that has its data, and ask again.'];

const steps = (there: readonly string[]): string[] => [
  'Only if the silent ones are lost for good, with their disks or for so long that you go on without them:',
  `  1. See to it that they stay off: a member that comes back with what it had is refused, but must not be started beside the new one.`,
  `  2. At the one that is left (${there.join(' or ')}; of several, the one with the highest RAFT INDEX in \`etcdctl endpoint status -w table\`):`,
  '       systemctl stop etcd && cp -a /var/lib/etcd/farol /var/lib/etcd/farol.before',
  '       mkdir -p /run/systemd/system/etcd.service.d',
  "       printf '[Service]\\nEnvironment=ETCD_FORCE_NEW_CLUSTER=true\\n' > /run/systemd/system/etcd.service.d/new.conf",
  '       systemctl daemon-reload && systemctl start etcd',
  '     `etcdctl member list` names this member alone then. At once, so that no later start does it again:',
  '       rm /run/systemd/system/etcd.service.d/new.conf && systemctl daemon-reload && systemctl restart etcd',
  '  3. Ask again there: farol recover. What this member knows may be older than what the lost ones had decided, so look at',
  '     every copy of the database that may still be had before you confirm a loss.',
  '  4. Each lost site, when it returns: stop etcd there, remove /var/lib/etcd/farol/member, run here `etcdctl member add NAME',
  '     --peer-urls=https://ITS-IP:2380`, set ETCD_INITIAL_CLUSTER_STATE=existing in its /etc/default/etcd, and start it.',
];
