import type {
  AloneRecord,
  AtStake,
  Missing,
  Possible,
  RecoveryRecord,
} from '../status/recovery.ts';
import { bytes } from './bytes.ts';
import { isWithoutMajority, lostMajority } from './lost-majority.ts';
import type { Operator } from './operate.ts';

export interface Recovering {
  readonly to: string | null;
  readonly by: string;
  /** What is typed at the question, on what is lost then; null where nobody can be asked. */
  readonly confirm: (question: string, lost: AtStake) => Promise<string | null>;
  readonly print: (text: string) => void;
}

type Asked = Pick<Operator, 'status' | 'recovery' | 'recover'>;

/** `farol recover`: shows what is at stake, asks, and orders it on condition that all is still so. Gives how it ends. */
export async function recover(
  operator: Asked,
  { to, by, confirm, print }: Recovering,
): Promise<number> {
  const plan = await operator.recovery(to);
  if (plan.kind === 'refused') {
    print(`There is nothing to recover by hand: ${plan.why}.`);
    const status = await operator.status();
    if (isWithoutMajority(status)) print(lostMajority(status));
    return 1;
  }
  print(shown(plan));
  const confirmed =
    plan.confirm === null ? null : await confirm(`Type "${plan.confirm}": `, plan.atStake);
  if (confirmed !== plan.confirm) {
    print(`Nothing was done. To go on: farol recover --to ${plan.to} --confirm "${plan.confirm}"`);
    return 1;
  }
  print(await operator.recover({ to: plan.to, seen: plan.seen, confirmed, by }));
  return 0;
}

function shown(plan: Possible): string {
  const { to, atStake, leaderlessMs } = plan;
  return [
    `Nobody leads, for ${span(leaderlessMs)} at least, and nobody is promoted by itself.`,
    ...plan.copies.map((copy) => sentenceOfCopy(copy, to)),
    ...plan.missing.map(sentenceOfMissing),
    `If ${to} leads: ${lossOf(atStake)}`,
    ...(atStake.given.length === 0 ? [] : [BACK_LATER]),
  ].join('\n');
}

const BACK_LATER =
  'Whoever of them comes back later is not taken back as the primary: its copy is rewound or cloned, and what only it had is gone.';

function sentenceOfCopy(
  { site, timeline, lsn, left, why }: Possible['copies'][number],
  to: string,
): string {
  const where = `timeline ${timeline}, position ${lsn}`;
  const dead = left ? ', which is not the one that acknowledged last' : '';
  const not = why === null ? '' : `; it may not lead: ${why}`;
  return `  ${site} is here: ${where}${dead}${not}${site === to ? '  <- would lead' : ''}`;
}

export function sentenceOfMissing({
  site,
  answers,
  silentMs,
  saidAtMs,
  timeline,
  lsn,
}: Missing): string {
  const silent = silentMs === null ? 'never heard' : `silent for ${span(silentMs)} at least`;
  const how = answers ? 'its agent answers, its database does not' : silent;
  const at = saidAtMs === null ? '' : `, at ${new Date(saidAtMs).toISOString()} by its own clock`;
  const said =
    lsn === null ? 'it left no word' : `it said last${at}: timeline ${timeline}, position ${lsn}`;
  return `  ${site} is MISSING: ${how}; ${said}`;
}

/** What is lost, and how much of that is known. */
export function lossOf({ kind, bytes: lost, unheardMs, why }: AtStake): string {
  if (kind === 'none') return `nothing that was acknowledged is lost (0 bytes): ${why}.`;
  const unheard =
    unheardMs === 0
      ? ''
      : ` What was acknowledged after that word is not known; it was so for ${unheardMs / 1_000} s at most.`;
  if (kind === 'unknown' || lost === null)
    return `acknowledged writes may be LOST, and how many is not known: ${why}.${unheard}`;
  if (lost === 0) return `as far as the others said, nothing is lost (0 bytes).${unheard}`;
  return `up to ${lost} bytes (${bytes(lost)}) of acknowledged writes are LOST: ${why}.${unheard}`;
}

/** What `farol recoveries` prints. */
export function listOf(records: readonly unknown[]): string {
  if (records.length === 0) return 'Nothing was ever recovered by hand.';
  return records.map(lineOf).join('\n');
}

function lineOf(record: unknown): string {
  if (isAlone(record)) return lineOfAlone(record);
  return isRecord(record) ? line(record) : JSON.stringify(record);
}

const isAlone = (record: unknown): record is AloneRecord =>
  typeof record === 'object' && record !== null && 'shown' in record && 'without' in record;

function lineOfAlone({ at, by, asked, without, order, confirmed, shown }: AloneRecord): string {
  const who = `${at}  ${by}, asked of ${asked}: etcd goes on there alone, without ${without} (order ${order})`;
  return `${who}; confirmed "${confirmed}"; ${lossOf(shown.atStake)}`;
}

const isRecord = (record: unknown): record is RecoveryRecord =>
  typeof record === 'object' && record !== null && 'atStake' in record;

function line({ at, by, asked, to, confirmed, atStake }: RecoveryRecord): string {
  const typed = confirmed === null ? 'nothing had to be confirmed' : `confirmed "${confirmed}"`;
  return `${at}  ${by}, asked of ${asked}: ${to} leads; ${typed}; ${lossOf(atStake)}`;
}

export function span(ms: number): string {
  if (ms < 120_000) return `${Math.floor(ms / 1_000)} s`;
  return ms < 7_200_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 3_600_000)} h`;
}
