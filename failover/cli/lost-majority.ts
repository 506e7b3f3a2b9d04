import type { Status } from '../status/status.ts';
import { whyUnknown } from './outlook.ts';

/** etcd's members that answer are too few to decide anything. Of two, one may have been let go on alone (`farol promote`). */
export const isWithoutMajority = ({ etcd }: Pick<Status, 'etcd'>): boolean =>
  2 * etcd.filter(({ answers }) => answers).length <= etcd.length &&
  etcd.length > 0 &&
  !(etcd.length === 2 && etcd.some(({ answers, knowsLeader }) => answers && knowsLeader));

/**
 * F6: without a majority nothing can be written down, also not who goes on. What is left of etcd has to be made whole by hand,
 * at one site, first.
 */
export function lostMajority(status: Pick<Status, 'etcd' | 'isGivenUp'>): string {
  const there = status.etcd
    .filter(({ answers, runs = false }) => answers || runs)
    .map(({ member }) => member);
  const way = status.isGivenUp ? [] : wayOut(status.etcd.length, there);
  return [...whyUnknown(status), ...way].join('\n');
}

/** Of two, whoever is given up decides nothing without the other; of more, two that were given up are a majority by themselves. */
const wayOut = (members: number, there: readonly string[]): readonly string[] => {
  if (there.length === 0) return NONE;
  return members === 2 ? [PROMOTE] : steps(there);
};

const PROMOTE =
  'Only if the silent one is lost for good: farol promote, as root at the one that is left. It shows what would be lost, and asks what no machine can know.';

const NONE = ['No member of etcd runs: start etcd at a site that has its data, and ask again.'];

const steps = (there: readonly string[]): string[] => [
  'Only if the silent ones are lost for good, with their disks or for so long that you go on without them:',
  '  1. Go and see that they are off, and see to it that they stay off. Behind a cut network they look just as they do now, and may be',
  '     leading and answering clients: two clusters would then acknowledge what neither can ever take over from the other.',
  `  2. At the one that is left (${there.join(' or ')}; of several, the one with the highest RAFT INDEX in \`etcdctl endpoint status -w table\`):`,
  '       systemctl stop etcd && cp -a /var/lib/etcd/farol /var/lib/etcd/farol.before',
  '       mkdir -p /run/systemd/system/etcd.service.d',
  "       printf '[Service]\\nEnvironment=ETCD_FORCE_NEW_CLUSTER=true\\n' > /run/systemd/system/etcd.service.d/new.conf",
  '       systemctl daemon-reload && systemctl start etcd',
  '     `etcdctl member list` names this member alone then. At once, so that no later start does it again:',
  '       rm /run/systemd/system/etcd.service.d/new.conf && systemctl daemon-reload && systemctl restart etcd',
  '  3. Ask again there: farol recover. What this member knows may be older than what the lost ones had decided, so look at',
  '     every copy of the database that may still be had before you confirm a loss.',
  '  4. The lost sites, when they return, one after the other, and the next only when the one before is promoted: stop etcd there, remove',
  '     /var/lib/etcd/farol/member, and run here',
  '       etcdctl member add NAME --learner --peer-urls=https://ITS-IP:2380',
  '     Write the ETCD_INITIAL_CLUSTER and ETCD_INITIAL_CLUSTER_STATE that it prints into /etc/default/etcd there (with the old ones it does not',
  '     start: the cluster has fewer members than they name), start it, and run here, until it is accepted,',
  '       etcdctl member promote ID',
  '     Never add it without --learner: nobody could write before it is up.',
];
