import type { Status } from '../status/status.ts';
import { whyUnknown } from './outlook.ts';

/** etcd's members that answer are too few to decide anything. */
export const isWithoutMajority = ({ etcd }: Pick<Status, 'etcd'>): boolean =>
  2 * etcd.filter(({ answers }) => answers).length <= etcd.length && etcd.length > 0;

/**
 * F6: without a majority nothing can be written down, also not who goes on. What is left of etcd has to go on alone
 * first, at one site (promote.ts).
 */
export function lostMajority(status: Pick<Status, 'etcd'>): string {
  const there = status.etcd
    .filter(({ answers, runs = false }) => answers || runs)
    .map(({ member }) => member);
  return [...whyUnknown(status), ...(there.length === 0 ? NONE : steps(there))].join('\n');
}

const NONE = ['No member of etcd runs: start etcd at a site that has its data, and ask again.'];

const steps = (there: readonly string[]): string[] => [
  'Only if the silent ones are lost for good, with their disks or for so long that you go on without them:',
  `  1. farol promote, as root at the one that is left (${there.join(' or ')}; of several, the one with the highest RAFT INDEX in`,
  '     `etcdctl endpoint status -w table`, with etcd ended at the others). It asks what no machine can know, keeps what etcd has',
  '     beside it, and goes on to what `farol recover` asks.',
  '  2. The lost sites, when they return, one after the other, and the next only when the one before is promoted: stop etcd there, remove',
  '     /var/lib/etcd/farol/member, and run here',
  '       etcdctl member add NAME --learner --peer-urls=https://ITS-IP:2380',
  '     Write the ETCD_INITIAL_CLUSTER and ETCD_INITIAL_CLUSTER_STATE that it prints into /etc/default/etcd there (with the old ones it does not',
  '     start: the cluster has fewer members than they name), start it, and run here, until it is accepted,',
  '       etcdctl member promote ID',
  '     Never add it without --learner: nobody could write before it is up.',
];
