import { type Carried, REFUSALS_TOLD, type Report } from '../view.ts';
import { type Fields, readCarried } from './reading-carried.ts';

/** A field that is not as an agent would write it is as if it were not known. `later`: agents of earlier versions lack it. */
interface Field<T> {
  readonly is: (value: unknown) => boolean;
  readonly otherwise: T;
  readonly later?: true;
}

type Now = Omit<Report, 'carried'>;

const isText = (value: unknown): boolean => typeof value === 'string';
const isTruth = (value: unknown): boolean => typeof value === 'boolean';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isOneOf =
  (...words: readonly unknown[]) =>
  (value: unknown): boolean =>
    words.includes(value);
const orNull =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || is(value);
const isWith =
  (fields: Record<string, (value: unknown) => boolean>) =>
  (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([name, is]) => is((value as Fields)[name]));

const isServer = isWith({
  role: isOneOf('follower', 'taking-over', 'writer', 'stopping'),
  epoch: orNull(isNumber),
  position: orNull(isNumber),
  healthy: isTruth,
  why: orNull(isText),
  waitingMs: (value) => value === undefined || isNumber(value),
});

const isPostgres = isWith({
  role: isOneOf('primary', 'standby'),
  state: isText,
  timeline: orNull(isNumber),
  lsn: orNull(isText),
});

const isRefused = isWith({
  kind: isOneOf(...REFUSALS_TOLD, 'silent'),
  why: isText,
  agoMs: isNumber,
  sinceMs: isNumber,
});

const isDisk = isWith({
  silentMs: orNull(isNumber),
  free: orNull(isNumber),
  scarce: isOneOf('space', 'inodes'),
  trouble: orNull(isText),
});

const isEtcdMember = isWith({
  damage: orNull(isWith({ kind: isOneOf('waits', 'replaced'), why: isText, agoMs: isNumber })),
  used: orNull(isNumber),
});
const isBattery = isWith({ charge: orNull(isNumber), leftMs: orNull(isNumber) });
const isLink = isWith({ lost: orNull(isNumber), rttMs: orNull(isNumber) });
const isLinks = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(isLink);

const isFrontWay = (value: unknown): boolean =>
  isWith({ kind: isOneOf('direct') })(value) ||
  isWith({ kind: isOneOf('through'), site: isText })(value) ||
  isWith({ kind: isOneOf('none'), forMs: isNumber })(value);

const isClockBehind = isWith({ site: isText, byMs: isNumber });

const isStaysBlocked = isWith({ site: isText, why: isText, forMs: isNumber });

const FIELDS: { readonly [Name in keyof Now]-?: Field<Now[Name]> } = {
  witness: { is: isTruth, otherwise: false },
  serverUrl: { is: orNull(isText), otherwise: null },
  server: { is: orNull(isServer), otherwise: null },
  postgres: { is: orNull(isPostgres), otherwise: null },
  front: { is: isOneOf('healthy', 'sick', 'unknown'), otherwise: 'unknown' },
  frontWay: { is: orNull(isFrontWay), otherwise: null, later: true },
  mayHoldAddress: { is: isTruth, otherwise: false },
  power: { is: isOneOf('mains', 'battery', 'low', 'unknown'), otherwise: 'unknown' },
  battery: { is: orNull(isBattery), otherwise: null, later: true },
  notCandidate: { is: orNull(isText), otherwise: 'what it says of itself cannot be read' },
  heldDown: { is: isTruth, otherwise: false },
  unstable: { is: isNumber, otherwise: 0, later: true },
  unwell: { is: orNull(isText), otherwise: null, later: true },
  refused: { is: orNull(isRefused), otherwise: null, later: true },
  disk: { is: orNull(isDisk), otherwise: null, later: true },
  etcdMember: { is: orNull(isEtcdMember), otherwise: null, later: true },
  copyDamage: { is: orNull(isText), otherwise: null, later: true },
  links: { is: isLinks, otherwise: {}, later: true },
  wallMs: { is: orNull(isNumber), otherwise: null, later: true },
  clockBehind: { is: orNull(isClockBehind), otherwise: null, later: true },
  certificatesEnd: { is: orNull(isText), otherwise: null },
  goesDown: { is: isTruth, otherwise: false, later: true },
  fenced: { is: isTruth, otherwise: false, later: true },
  staysBlocked: { is: orNull(isStaysBlocked), otherwise: null, later: true },
  etcdLeader: { is: isTruth, otherwise: false },
};

/**
 * One odd field of one site must end nobody's agent: a `{}` in its place ended all (found by drawing them).
 * `isWhole` is false where the operator should know.
 */
export function readReport(told: Fields, revision: number): { report: Report; isWhole: boolean } {
  const carried = told.carried === undefined ? undefined : readCarried(told.carried, revision);
  const { bare, withCarried, isWhole } = fieldsOnce(told);
  return { report: carried ? withCarried : bare, isWhole: isWhole && carried !== null };
}

interface Read {
  readonly bare: Report;
  readonly withCarried: Report;
  readonly isWhole: boolean;
}

/** What was read does not change: who shows one value again and again (the simulation) has it read once. */
function fieldsOnce(told: Fields): Read {
  const known = read.get(told);
  if (known !== undefined) return known;
  const first = readFields(told);
  read.set(told, first);
  return first;
}

const read = new WeakMap<Fields, Read>();

function readFields(told: Fields): Read {
  let isWhole = true;
  const found: Record<string, unknown> = {};
  for (const [name, { is, otherwise, later }] of NAMED_FIELDS) {
    const value = told[name];
    const isGood = is(value);
    if (!isGood && (value !== undefined || !later)) isWhole = false;
    found[name] = isGood ? value : otherwise;
  }
  const bare = found as unknown as Now;
  return { bare, withCarried: { ...bare, carried: told.carried as Carried }, isWhole };
}

const NAMED_FIELDS: readonly [string, Field<unknown>][] = Object.entries(FIELDS);
