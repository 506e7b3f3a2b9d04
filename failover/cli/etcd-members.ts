import { WARNED_FROM } from '../status/etcd-room.ts';
import type { SiteStatus, Status } from '../status/status.ts';

/** Members of etcd whose data were damaged (F5) or fill (F14): what that means, and who must do what. */
export function etcdMembers({ sites, etcd }: Pick<Status, 'sites' | 'etcd'>): string[] {
  const full = etcd.some(({ noSpace }) => noSpace) ? [FULL] : [];
  return [...full, ...sites.flatMap((site) => [damaged(site), filling(site)].flat())];
}

const LOOK =
  "`etcdctl get '' --prefix --keys-only` lists what is there; what is none of Farol's or Patroni's must be deleted.";

const FULL = `etcd is FULL and takes no write, so soon nobody leads: the agent beside its leader has each member give back what is old, and then etcd takes writes again. If this stays, what is in use fills it: ${LOOK} By hand: \`etcdctl compact REVISION\`, \`etcdctl defrag\` at one member after the other, \`etcdctl alarm disarm\`.`;

function damaged({ site, etcdMember }: SiteStatus): string[] {
  // An agent of before, beside these sources, says nothing of it.
  if (!etcdMember?.damage) return [];
  const { kind, why, agoMs } = etcdMember.damage;
  if (kind === 'replaced')
    return [
      `etcd's member of ${site} was replaced from the others ${Math.floor(agoMs / 60_000)} min ago, since ${why}. Nobody has to do anything, but look at the disk of ${site}; what was damaged is beside etcd's data folder there, as \`*.damaged\`.`,
    ];
  return [
    `etcd's member of ${site} does NOT START: ${why}. It is replaced from the others as soon as they have a majority without it; its journal says what keeps it. If they are lost for good: \`farol recover\` at one that is left.`,
  ];
}

function filling({ site, etcdMember }: SiteStatus): string[] {
  const used = etcdMember?.used ?? 0;
  if (used < WARNED_FROM) return [];
  return [
    `etcd's member of ${site} takes ${Math.floor(100 * used)} % of what it may: every ten minutes the members give back what is old. If this stays, ${LOOK}`,
  ];
}
