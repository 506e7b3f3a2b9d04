import type { Told } from '../core/election/settled.ts';
import type { KeyNames } from '../core/etcd/names.ts';
import type { Found } from '../core/etcd/reading.ts';
import type { Site } from '../core/view.ts';
import { memberIn } from './members.ts';
import { ANSWERS_WITHIN_MS, type Pem, request } from './request.ts';

/** What GET /health of Patroni tells, as far as a vote goes. Positions are numbers of bytes. */
interface Health {
  readonly state?: string;
  readonly timeline?: number;
  readonly xlog?: Partial<
    Record<'location' | 'received_location' | 'replayed_location', number | null>
  >;
}

export interface Asking {
  readonly names: KeyNames;
  readonly etcd: { read(...keys: readonly string[]): Promise<(Found | undefined)[]> };
  readonly pem: Pem | undefined;
  readonly answersWithinMs?: number;
}

/**
 * What these sites' Patroni say of their copies, of those that answer: as Patroni asks before it lets itself lead. A site
 * that has lost its power answers never, so the others' word is taken as soon as it is enough.
 */
export async function standingsOf(
  sites: readonly Site[],
  isEnough: (known: readonly Told[]) => boolean,
  { names, etcd, pem, answersWithinMs = ANSWERS_WITHIN_MS }: Asking,
): Promise<readonly Told[]> {
  const members = await etcd.read(...sites.map((site) => names.patroniMember(site)));
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(answersWithinMs)]);
  const known: Told[] = [];
  const asked = sites.map(async (site, at) => {
    const member = memberIn(members[at]);
    if (member === null) return;
    const { json } = await request(new URL('/health', member.api), { pem, signal });
    known.push(standingIn(site, json as Health));
    if (isEnough(known)) enough.abort();
  });
  await Promise.allSettled(asked);
  return known;
}

/** Of a PostgreSQL that does not run the position is not known, whatever it was. */
export function standingIn(site: Site, { state, timeline, xlog = {} }: Health): Told {
  const isRunning = state === 'running';
  const { location, received_location, replayed_location } = xlog;
  const told = [location, received_location, replayed_location].map((each) => each ?? 0);
  const lsn = isRunning ? Math.max(...told) : 0;
  return { site, timeline: timeline ?? null, lsn, mayHaveMore: isRunning && tellsLess(xlog) };
}

/** Whatever size segments have, they begin at a multiple of this. */
const SEGMENT = 1_048_576;

/** A standby that was started anew says that it received nothing, or the beginning of the segment where it would go on, until somebody sends it more. */
function tellsLess({
  location,
  received_location,
  replayed_location,
}: NonNullable<Health['xlog']>): boolean {
  if (location != null) return false;
  const [received, replayed] = [received_location ?? 0, replayed_location ?? 0];
  return received < replayed || received % SEGMENT === 0;
}
