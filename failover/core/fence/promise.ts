import { isBound } from '../failsafe/give-leave.ts';
import { databaseMembers } from '../failsafe/members.ts';
import type { Input } from '../inputs.ts';
import { movesArePaused } from '../moves/carried.ts';
import { ownName } from '../own-name.ts';
import { hasPromised, isSameBlock, ownPromise } from '../promised.ts';
import { isAtWork, knowsEtcd } from '../sites.ts';
import type { OwnPromise, Promising } from '../state/decided.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import { ask, type Turn, update } from '../turn.ts';
import type { Block, PatroniKeys, View } from '../view.ts';
import { heardAt } from './silence.ts';

/**
 * The third fence (docs/third-fence.md): a site that hears nothing from the primary's promises that its copy confirms nothing from there any more,
 * so that nobody needs to wait for Patroni's lease. In this order, and back in the other one:
 *
 *     block      noted on the disk first; connections to that PostgreSQL and that Patroni are turned away, its walreceiver has ended, and all that it
 *                received is replayed: now its position says what it has
 *     promise    written into etcd, as long as the key is as it was
 *     take back  void in etcd first, so that nobody can act upon it; then the block is taken away
 */
export function promise(turn: Turn, input: Input): void {
  hear(turn, input);
  lookWhetherRetaken(turn);
  const { state, now, timings } = turn;
  const { promising } = state;
  if (promising === null) {
    // Whoever has its name may have made it.
    if (ownName(state, now, timings) !== 'ours') return;
    // One in etcd that nothing keeps: the disk on which it was noted is another.
    if (hasPromised(state)) takeBack(turn);
    else if (reasonNotToPromise(state, now, timings) === null) begin(turn);
  } else if (promising.isVoid) ask(turn, 'unblock', { kind: 'unblock', block: promising.block });
  else if (reasonToRelease(state, promising, now, timings) !== null) takeBack(turn);
  else if (!isWritten(state, promising)) goOn(turn, promising);
}

function begin(turn: Turn): void {
  const block = blockOf(turn.state.view!.patroni.leader!);
  if (ask(turn, 'block', { kind: 'block', block })) become(turn, asBegun(block, turn.now));
}

const become = (turn: Turn, promising: OwnPromise | null): void =>
  update<Promising>(turn, { promising });

const asBegun = (block: Block, since: Millis): OwnPromise => {
  return { block, since, position: null, isVoid: false, retakenSince: null, trouble: null };
};

function goOn(turn: Turn, { block, position }: OwnPromise): void {
  const { view } = turn.state;
  if (position === null) {
    ask(turn, 'block', { kind: 'block', block });
    return;
  }
  // One on another timeline than /history's would be compared with what it cannot be compared with (M4).
  if (view === null || position.timeline !== view.patroni.timeline) return;
  const revision = ownPromise(turn.state)?.revision ?? 0;
  ask(turn, 'promise', { kind: 'promise', revision, block, ...position });
}

function takeBack(turn: Turn): void {
  if (turn.state.view === null) return;
  const revision = ownPromise(turn.state)?.revision ?? 0;
  ask(turn, 'take-back', { kind: 'take-back', revision });
}

function hear(turn: Turn, input: Input): void {
  const { promising } = turn.state;
  if (input.kind === 'block-found') become(turn, asBegun(input.block, turn.now));
  if (promising === null) return;
  if (input.kind === 'unblocked') become(turn, null);
  if (input.kind === 'taken-back' && input.done)
    become(turn, { ...promising, isVoid: true, trouble: null });
  if (input.kind === 'failed' && (input.effect === 'block' || input.effect === 'unblock'))
    become(turn, withTrouble(promising, input.reason, turn.now));
  if (input.kind !== 'blocked' || !isSameBlock(input.block, promising.block)) return;
  const { timeline, lsn } = input;
  become(turn, { ...promising, position: { timeline, lsn }, trouble: null });
}

const withTrouble = (promising: OwnPromise, why: string, now: Millis): OwnPromise => {
  return { ...promising, trouble: { since: promising.trouble?.since ?? now, why } };
};

function lookWhetherRetaken(turn: Turn): void {
  const { promising, view } = turn.state;
  if (promising === null || view === null) return;
  const { given, patroni } = view;
  const { leader } = patroni;
  const isRetaken =
    given?.key === promising.block.key &&
    leader?.site === promising.block.holder &&
    leader.revision > given.revision;
  if (isRetaken === (promising.retakenSince !== null)) return;
  become(turn, { ...promising, retakenSince: isRetaken ? turn.now : null });
}

/** The term of Patroni's leader key as it is now. */
export const blockOf = ({ site, revision, lease }: NonNullable<PatroniKeys['leader']>): Block => {
  return { holder: site, key: revision, lease };
};

export function isWritten(state: State, { block }: OwnPromise): boolean {
  const written = ownPromise(state)?.block;
  return written != null && isSameBlock(written, block);
}

/** As a clause; null where this site has to promise now. */
export function reasonNotToPromise(state: State, now: Millis, timings: Timings): string | null {
  const { self, view, leader } = state;
  if (!self.thirdFence || self.witness) return 'the third fence is off here';
  if (view === null || !knowsEtcd(state, now, timings)) return 'etcd does not answer it';
  if (leader !== null || isBound(state, now)) return 'it leads, or has given leave';
  const key = view.patroni.leader;
  if (key === null || key.site === self.site) return 'nobody else is the primary';
  const against = reasonAgainst(state, key.site, now);
  if (against !== null) return against;
  if (!view.sites[key.site]?.report.fenced) return 'the primary’s server may go on for longer';
  const last = Math.max(heardAt(state, key.site), state.coverGivenAt);
  if (now - last < timings.promiseAfterMs) return 'the primary’s site was heard just now';
  const others = databaseMembers(state).filter((site) => site !== key.site);
  if (!others.every((site) => now - heardAt(state, site) < timings.promiseAfterMs))
    return 'another site is silent, too';
  return reasonOfCopy(state, view, now, timings);
}

/** What speaks against any promise beside this holder, be it given or not. */
function reasonAgainst(state: State, holder: string, now: Millis): string | null {
  const { leader, patroni } = state.view!;
  if (movesArePaused(state, now)) return 'moves are paused';
  if (patroni.failover !== null) return 'a switchover is under way';
  if (leader.site !== holder) return 'the primary’s site does not lead';
  if (patroni.sync?.leader !== holder || patroni.sync.standbys.length === 0)
    return '/sync names no voters beside the primary';
  return null;
}

/** Why nothing can be said of this site's copy, or done with it; null where it is a standby at work. */
export function reasonOfCopy(
  { postgres }: State,
  view: View,
  now: Millis,
  timings: Timings,
): string | null {
  if (postgres === null || now - postgres.at > timings.freshMs) return 'its Patroni is silent';
  const { role, timeline } = postgres.report;
  if (role === 'primary' || !isAtWork(postgres.report)) return 'its copy is no standby at work';
  return timeline === view.patroni.timeline ? null : 'its copy is on another timeline';
}

/**
 * Why a promise has to be taken back, as a clause; null while it stands. Once somebody was given the key upon it, the old primary may live on for as
 * long as nobody has told it: so the block stays until this copy is on a newer timeline, which that one can stream no more; or until the old primary has
 * taken the key anew, under which it can answer nobody before that is noted (core/timelines.ts), and has had it for longer than a cover: a machine that
 * stood still, and its clock with it, believes for so long that it has one.
 */
export function reasonToRelease(
  state: State,
  promising: OwnPromise,
  now: Millis,
  timings: Timings,
): string | null {
  const { view } = state;
  const { block, since } = promising;
  if (view === null || !knowsEtcd(state, now, timings)) return null;
  const key = view.patroni.leader;
  if (view.given?.key === block.key) return reasonAfterGive(state, promising, now, timings);
  if (key === null || !isSameBlock(blockOf(key), block)) return 'Patroni’s leader key is another';
  if (heardAt(state, block.holder) > since) return 'the primary’s site was heard again';
  return reasonAgainst(state, block.holder, now);
}

function reasonAfterGive(
  { postgres, view }: State,
  { retakenSince }: OwnPromise,
  now: Millis,
  { promiseAfterMs }: Timings,
): string | null {
  const timeline = postgres?.report.timeline ?? null;
  if (timeline !== null && timeline > view!.given!.timeline)
    return 'its copy is on a newer timeline';
  const isRetaken = retakenSince !== null && now - retakenSince >= promiseAfterMs;
  return isRetaken ? 'the old primary has taken the key anew' : null;
}
