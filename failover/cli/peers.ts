import { knowsEtcd } from '../status/known.ts';
import type { PeerStatus } from '../status/peers.ts';
import type { Status } from '../status/status.ts';
import { SILENT_MS } from './silent.ts';

/** From when on it is no passing trouble. */
const FOR_LONG_MS = 10_000;
/** Who was turned away longer ago than that is no news. */
const RECENT_MS = 3_600_000;

type Shown = Pick<Status, 'site' | 'sites' | 'writes' | 'etcdSilentMs' | 'peers' | 'stranger'>;

/** How the agents hear each other without etcd, where that is worth a word. Agents of before say nothing of it. */
export function agents(status: Shown): string[] {
  return [...heardWithoutEtcd(status), ...unheard(status), ...turnedAway(status)];
}

/** What can be known while etcd is away, and by whose word. */
export function heardWithoutEtcd(status: Shown): string[] {
  const { site, peers = [] } = status;
  if (knowsEtcd(status) || peers.length === 0) return [];
  const answering = peers.filter(({ answers }) => answers);
  const etcdAt = answering.filter(hearsEtcd).map((peer) => peer.site);
  const names = [site, ...answering.map((peer) => peer.site)].join(' and ');
  const verb = answering.length === 0 ? 'is' : 'are';
  const how = answering.length === 0 ? 'no other agent answers this one' : 'by their own word';
  const elsewhere =
    etcdAt.length === 0 ? '' : ` etcd answers ${etcdAt.join(' and ')}: look at \`status\` there.`;
  const only = 'Who has the address and who confirms writes only etcd knows.';
  return [`But how ${names} ${verb} is known as of now (${how}). ${only}${elsewhere}`];
}

const hearsEtcd = ({ etcdSilentMs }: PeerStatus): boolean =>
  etcdSilentMs !== null && etcdSilentMs < SILENT_MS;

/** It lives by etcd's word, and this agent alone does not hear it: a firewall, a wrong URL, a certificate. */
function unheard({ sites, peers = [], writes }: Shown): string[] {
  return peers.flatMap(({ site, trouble }) => {
    const lives = sites.some((each) => each.site === site && each.silentMs < SILENT_MS);
    if (trouble === null || trouble.forMs < FOR_LONG_MS) return [];
    if (!lives && writes.kind !== 'unknown') return [];
    return [
      `The agent of ${site} does not answer this one by itself (${trouble.why}): see \`peers\` of failover.yml at both, and whether TCP passes there.`,
    ];
  });
}

function turnedAway({ stranger }: Shown): string[] {
  if (!stranger || stranger.agoMs > RECENT_MS) return [];
  const { from, why, count, agoMs } = stranger;
  const ago = `${Math.round(agoMs / 60_000)} min ago`;
  const often = count === 1 ? '' : `, ${count} times by now`;
  return [
    `STRANGER: the port of the agents turned away ${from} ${ago}${often}: ${why}. If that is one of your machines, its certificate is not of this cluster; if not, see what it is.`,
  ];
}
