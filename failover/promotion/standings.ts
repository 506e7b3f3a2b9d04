import type { KeyNames } from '../core/etcd/names.ts';
import type { Found } from '../core/etcd/reading.ts';
import type { Site } from '../core/view.ts';
import type { Standing } from '../core/votes.ts';
import { memberIn } from './members.ts';
import { type Pem, request } from './request.ts';

/** What GET /health of Patroni tells, as far as a vote goes. Positions are numbers of bytes. */
interface Health {
  readonly state?: string;
  readonly timeline?: number;
  readonly xlog?: Partial<Record<'location' | 'received_location' | 'replayed_location', number>>;
}

export interface Asking {
  readonly names: KeyNames;
  readonly etcd: { read(...keys: readonly string[]): Promise<(Found | undefined)[]> };
  readonly pem: Pem | undefined;
}

/** What these sites' Patroni say of their copies, of those that answer: as Patroni asks before it lets itself lead. */
export async function standingsOf(
  sites: readonly Site[],
  { names, etcd, pem }: Asking,
): Promise<Standing[]> {
  const members = await etcd.read(...sites.map((site) => names.patroniMember(site)));
  const asked = sites.map(async (site, at) => {
    const member = memberIn(members[at]);
    if (member === null) throw new Error(`Patroni of ${site} is away`);
    const { json } = await request(new URL('/health', member.api), { pem });
    return standingIn(site, json as Health);
  });
  const answers = await Promise.allSettled(asked);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}

/** Of a PostgreSQL that does not run the position is not known, whatever it was. */
export function standingIn(site: Site, { state, timeline, xlog = {} }: Health): Standing {
  const { location = 0, received_location = 0, replayed_location = 0 } = xlog;
  const known = Math.max(location ?? 0, received_location ?? 0, replayed_location ?? 0);
  return { site, timeline: timeline ?? null, lsn: state === 'running' ? known : 0 };
}
