import type { EffectOf } from '../effects.ts';
import { diskNow } from '../health/disk.ts';
import type { Input, RecoveryWanted } from '../inputs.ts';
import type { RecoveryRecord, Seen } from '../recovery-shown.ts';
import { reportOf } from '../sites.ts';
import type { Recovering } from '../state/decided.ts';
import { carryOn } from '../timelines.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { Site } from '../view.ts';
import { copiesOf } from './copies.ts';
import { type Plan, type Possible, planRecovery } from './recovery.ts';

/**
 * The order is judged anew, by what is known now: the operator has thought about what he was shown for as long as he liked. The
 * rest compares etcd, in one transaction.
 */
export function recover(turn: Turn, input: Input): void {
  watchCopies(turn);
  if (input.kind === 'recovery-wanted') take(turn, input);
  else if (input.kind === 'recovered') end(turn, input.done ? null : CHANGED_OR_THERE);
  else if (input.kind === 'failed' && input.effect === 'recover')
    end(turn, `${input.reason}. It may have been done all the same: \`status\` says who leads.`);
}

/** Nobody is written to then, so a copy whose position changes is one that has not yet replayed all that it has. */
function watchCopies(turn: Turn): void {
  const { state, now, timings } = turn;
  const leads = state.view === null || state.view.patroni.leader !== null;
  if (leads && Object.keys(state.positions).length === 0) return;
  const copies = leads ? [] : copiesOf(state, now, timings);
  const positions = copies.map(({ site, timeline, lsn }) => {
    const at = `${timeline} ${lsn}`;
    const known = state.positions[site];
    const isStill = known?.at === at && diskSilentMs(turn, site) < DISK_SILENT_MS;
    return [site, isStill ? known : { at, since: now }];
  });
  update<Recovering>(turn, { positions: Object.fromEntries(positions) });
}

/** A disk that does not answer keeps a copy where it is, whatever that has not replayed yet. */
function diskSilentMs({ state, now, timings }: Turn, site: Site): number {
  const isOwn = site === state.self.site;
  const disk = isOwn ? diskNow(state, now, timings) : reportOf(state, site, now, timings)?.disk;
  return disk?.silentMs ?? 0;
}

/** Of a disk that answers late now and then; what comes back is asked for again after a second. */
const DISK_SILENT_MS = 2_000;

const CHANGED = 'Something has changed in etcd since that was shown. Nothing was done; ask again.';
const CHANGED_OR_THERE =
  'Something has changed in etcd since that was shown, or Patroni of a site that is called missing is there all the same ' +
  '(`patronictl list`): what its database has would be given up. Nothing was done. Wait for that database, and start its ' +
  'agent; or, if it is lost for good, end its Patroni, and ask again after 20 s.';

function take(turn: Turn, order: RecoveryWanted): void {
  const { id, to } = order;
  const plan = planRecovery(turn.state, to, turn.now, turn.timings);
  const why = reasonAgainst(plan, order);
  if (why !== null || plan.kind === 'refused') refuse(turn, id, why ?? CHANGED);
  else if (ask(turn, 'recover', effectOf(turn, plan, order)))
    update<Recovering>(turn, { recovering: { id, to } });
  else refuse(turn, id, 'Nothing was done: a recovery is under way already.');
}

function refuse({ effects }: Turn, id: string, text: string): void {
  effects.push({ kind: 'answer', id, accepted: false, text });
}

function effectOf(turn: Turn, plan: Possible, order: RecoveryWanted): EffectOf<'recover'> {
  const { to, seen } = plan;
  const { revision: _, ...known } = turn.state.view!.timelines!;
  const { timeline, left } = plan.copies.find(({ site }) => site === to)!;
  const timelines = left ? carryOn(known, to, timeline) : null;
  const unless = plan.copies
    .filter((copy) => copy.left === left && ![to, ...plan.atStake.given].includes(copy.site))
    .map(({ site }) => site);
  return { kind: 'recover', to, unless, seen, timelines, record: recordOf(turn, plan, order) };
}

/** As a sentence. */
function reasonAgainst(plan: Plan, { seen, confirmed }: RecoveryWanted): string | null {
  if (plan.kind === 'refused') return `Nothing was done: ${plan.why}.`;
  if (!isSame(plan.seen, seen)) return CHANGED;
  if (plan.confirm !== null && confirmed !== plan.confirm)
    return `Nothing was done: what is lost has to be confirmed with "${plan.confirm}".`;
  return null;
}

const isSame = (one: Seen, other: Seen): boolean =>
  JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other));

const inOrder = ({ sync, failover, config, timelines, silent }: Seen) => [
  ...[sync, failover, config, timelines],
  ...Object.entries(silent).sort(),
];

function recordOf(
  { state: { self, view } }: Turn,
  { to, copies, missing, leaderlessMs, atStake }: Possible,
  { at, by, confirmed }: RecoveryWanted,
): RecoveryRecord {
  const sync = view?.patroni.sync ?? null;
  return {
    ...{ at, by, asked: self.site, to, confirmed, atStake, copies, missing, leaderlessMs },
    sync: sync && { leader: sync.leader, standbys: sync.standbys },
    acknowledging: view?.timelines?.acknowledging ?? null,
  };
}

function end(turn: Turn, failure: string | null): void {
  const { recovering } = turn.state;
  if (recovering === null) return;
  const { id, to } = recovering;
  const text =
    failure ?? `${to} has Patroni's leader key, and is promoted. \`status\` says when it writes.`;
  turn.effects.push({ kind: 'answer', id, accepted: failure === null, text });
  update<Recovering>(turn, { recovering: null });
}
