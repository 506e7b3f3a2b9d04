import { WARNED_FROM } from '../status/etcd-room.ts';
import type { SiteStatus, Status } from '../status/status.ts';
import { TAKEN_IN, VOTES_AGAIN } from './take-in.ts';

type Told = Pick<Status, 'site' | 'sites' | 'etcd' | 'goesOnWithout' | 'isGivenUp'>;

/** Members of etcd that were given up or only listen, whose data were damaged (F5) or fill (F14): what that means, and who must do what. */
export function etcdMembers(status: Told): string[] {
  const { sites, etcd } = status;
  const full = etcd.some(({ noSpace }) => noSpace) ? [FULL] : [];
  const listening = etcd.filter(({ listens }) => listens).map(({ member }) => member);
  return [
    ...full,
    ...givenUp(status, listening),
    ...listening.map(
      (member) =>
        `etcd's member at ${member} only LISTENS: it has no vote, and Patroni beside it starts no PostgreSQL. At a site whose member votes: ${VOTES_AGAIN}.`,
    ),
    ...sites.flatMap((site) => [damaged(site, listening.length > 0), filling(site)].flat()),
  ];
}

/** By an administrator's word, of which nothing mends itself. */
function givenUp({ site, goesOnWithout, isGivenUp }: Told, listening: readonly string[]): string[] {
  if (isGivenUp)
    return [
      `etcd's member of ${site} was REMOVED by the others, who go on without it (\`farol promote\` there, or by hand): this site serves nobody until it is taken in anew, and never \`farol promote\` here. Look first whether only its copy of the database has something; then here ${TAKEN_IN}.`,
    ];
  if (!goesOnWithout) return [];
  const others = goesOnWithout.without.join(' and ');
  const next =
    listening.length > 0
      ? ''
      : ` Take ${others} in anew once it is there: at ${others} ${TAKEN_IN}; then \`farol status\` says how it votes again.`;
  return [
    `etcd goes on at ${goesOnWithout.site} without ${others}, by an administrator's word (\`farol promote\`): the loss of ${goesOnWithout.site} stops all writes.${next}`,
  ];
}

const LOOK =
  "`etcdctl get '' --prefix --keys-only` lists what is there; what is none of Farol's or Patroni's must be deleted.";

const FULL = `etcd is FULL and takes no write, so soon nobody leads: the agent beside its leader has each member give back what is old, and then etcd takes writes again. If this stays, what is in use fills it: ${LOOK} By hand: \`etcdctl compact REVISION\`, \`etcdctl defrag\` at one member after the other, \`etcdctl alarm disarm\`.`;

function damaged({ site, etcdMember }: SiteStatus, someoneListens: boolean): string[] {
  // An agent of before, beside these sources, says nothing of it.
  if (!etcdMember?.damage) return [];
  const { kind, why, agoMs } = etcdMember.damage;
  if (kind === 'replaced')
    return [
      `etcd's member of ${site} was replaced from the others ${Math.floor(agoMs / 60_000)} min ago, since ${why}. ${someoneListens ? 'Look' : 'Nobody has to do anything, but look'} at the disk of ${site}; what was damaged is beside etcd's data folder there, as \`*.damaged\`.`,
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
