import { refusedAt } from '../copies/refused.ts';
import { RESUME, whomToPromote } from '../election/whom-to-promote.ts';
import { goingOn } from '../failsafe/going-on.ts';
import { reasonNotToLead } from '../lead/leadership.ts';
import { serverDeadline } from '../lead/server-orders.ts';
import { reasonAgainst } from '../moves/candidate.ts';
import { isPaused } from '../moves/carried.ts';
import { reasonRefused } from '../own-name.ts';
import type { GoingOn } from '../peers.ts';
import { behindGate, unwellNow } from '../pulse/report.ts';
import { isAlive, knowsEtcd, silence, wordOf } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { ServerReport, Site } from '../view.ts';
import { explainPromises, reasonUncovered } from './promises.ts';
import { warnOfWrites, writesOf } from './writes.ts';

/** One sentence each: who leads or why nobody does, who has the address, who could lead instead. */
export interface Explanation {
  readonly leader: string;
  readonly address: string;
  readonly others: string;
  /** Null while a site confirms all writes; else large words, and since when. */
  readonly warning: string | null;
}

export function explain(state: State, now: Millis, timings: Timings): Explanation {
  return {
    leader: explainLeader(state, now, timings),
    address: explainAddress(state, now, timings),
    others: explainOthers(state, now, timings),
    warning: warnOfWrites(writesOf(state, now, timings), state.view?.patroni.leader?.site),
  };
}

function explainLeader(state: State, now: Millis, timings: Timings): string {
  const { view, self } = state;
  if (view === null) return `Not known: etcd has not answered yet${because(state.etcdTrouble)}.`;
  const refused = reasonRefused(state, now, timings);
  if (refused !== null) return `This machine is refused: ${refused}.`;
  const leader = view.leader.site;
  if (!knowsEtcd(state, now, timings)) {
    const own = explainGoingOn(state, now, timings);
    if (own !== null) return own;
    const last = leader === null ? 'nobody led' : `${leader} led`;
    const age = seconds(now - state.readAt);
    return `Not known: etcd has not answered for ${age}${because(state.etcdTrouble)}; before that ${last}.${byTheirWord(state, now, timings)}`;
  }
  if (leader === null)
    return `Nobody leads: ${whyNobody(state, now, timings)}.${explainPromises(state, now, timings)}`;
  if (leader === self.site) return explainOwn(state, now, timings);
  const quiet = silence(state, leader, now, timings);
  if (quiet < timings.addressLeaseMs)
    return `${leader} leads: ${say(serverOf(state, leader))}${lately(state.view?.sites[leader]?.report.unwell)}.`;
  if (wordOf(state, leader, now, timings)?.goingOn?.inForce)
    return `${leader} goes on without etcd, which has not heard it for ${seconds(quiet)}, ${AS_LONG_AS}.`;
  return `${leader} leads but has been silent for ${seconds(quiet)}: ${whyNotMoved(state, leader, quiet, now, timings)}.${explainPromises(state, now, timings)}`;
}

/** What those say who lead, and whom this agent hears without etcd. */
function byTheirWord(state: State, now: Millis, timings: Timings): string {
  const words = Object.keys(state.peers).map((site) => {
    const word = wordOf(state, site, now, timings);
    if (word?.goingOn && !word.goingOn.inForce)
      return ` By its own word just now ${site} may answer nobody: ${keptBy(word.goingOn)}.`;
    const how = word?.goingOn ? ` without etcd, ${AS_LONG_AS}` : '';
    return word?.report.server?.role === 'writer'
      ? ` By its own word just now ${site} writes${how}.`
      : '';
  });
  return words.join('');
}

const AS_LONG_AS = 'as long as every other site with a copy of the database lets it';

/** Of the leader itself, which alone knows whether it may go on. */
function explainGoingOn(state: State, now: Millis, timings: Timings): string | null {
  const going = goingOn(state, now, timings);
  if (going === null || state.steppingDown !== null) return null;
  const { site } = state.self;
  const away = `etcd has not answered for ${seconds(now - state.readAt)}${because(state.etcdTrouble)}`;
  return going.inForce && going.lacks.length === 0
    ? `${site} goes on without etcd, ${AS_LONG_AS}: ${away}.`
    : `Not known: ${away}; before that ${site} led${going.inForce ? '' : ', and may answer nobody now'}: ${keptBy(going)}.`;
}

function keptBy({ lacks }: GoingOn): string {
  if (lacks.length === 0) return 'its time was over, and only etcd knows who leads since';
  return lacks.map(({ site, why }) => `${site} does not let it go on (${why})`).join(', ');
}

function explainOwn(state: State, now: Millis, timings: Timings): string {
  const { site } = state.self;
  if (state.steppingDown !== null) return `${site} steps down: ${state.steppingDown.why}.`;
  const left = serverDeadline(state, timings) - now;
  if (left <= 0) {
    return `${site} leads, but its server may not answer: ${whyNoDeadline(state, now, timings)}.`;
  }
  return `${site} leads: ${say(behindGate(state, now))}${lately(unwellNow(state))}.`;
}

function lately(unwell: string | null | undefined): string {
  return unwell == null ? '' : `; ${unwell}`;
}

function whyNoDeadline(state: State, now: Millis, timings: Timings): string {
  if ((state.leader?.until ?? 0) <= now) return 'etcd has confirmed no pulse of it in time';
  return (
    reasonNotToLead(state, now, timings) ??
    reasonUncovered(state, now, timings) ??
    "Patroni's leader key is about to end"
  );
}

function whyNobody(state: State, now: Millis, timings: Timings): string {
  const primary = state.view?.patroni.leader?.site;
  if (primary === undefined) {
    return `nobody holds Patroni's leader key${whomToPromote(state, now, timings)}`;
  }
  const why = whyNotLeading(state, primary, now, timings);
  return `${primary} has Patroni's leader key, but ${why}`;
}

function whyNotMoved(
  state: State,
  leader: Site,
  quiet: Millis,
  now: Millis,
  timings: Timings,
): string {
  const primary = state.view?.patroni.leader?.site;
  if (primary === leader) return "Patroni's leader key still names it, and has to run out first";
  if (primary === undefined) return whyNobody(state, now, timings);
  const left = timings.leaderLeaseMs - quiet;
  if (left > 0) return `its lease ends in ${seconds(left)}, then ${primary} may lead`;
  return `${primary} should lead, but ${whyNotLeading(state, primary, now, timings)}`;
}

function whyNotLeading(state: State, site: Site, now: Millis, timings: Timings): string {
  const refused = refusedAt(state, site, now);
  // Patroni 4.0.7 gives its key back after that, but not in a pause (ha.py).
  if (refused !== null && state.view?.patroni.paused) {
    return `is refused a promotion (${refused.why}), and its Patroni keeps the key while it is paused: ${RESUME}`;
  }
  if (site === state.self.site) {
    return reasonNotToLead(state, now, timings) ?? 'it has only just asked for the lead';
  }
  if (!isAlive(state, site, now, timings)) return 'its agent is silent';
  return state.view?.sites[site]?.report.notCandidate ?? 'it has not taken the lead yet';
}

function explainAddress(state: State, now: Millis, timings: Timings): string {
  if (state.view === null) return 'Not known: etcd has not answered yet.';
  const holder = state.view.address.site;
  if (!knowsEtcd(state, now, timings)) {
    return `Not known who has the address; before it was at ${holder ?? 'nobody'}.`;
  }
  const trouble = state.addressTrouble;
  const fails = trouble !== null && now < trouble.until ? 'fails' : 'failed when it was asked last';
  const own = trouble === null ? '' : ` Here its driver ${fails}: ${trouble.reason}.`;
  if (holder === null) return `Nobody has the address.${own}`;
  if (holder === state.self.site && state.leaving !== null) {
    return `The address leaves ${holder}: ${state.leaving.why}.${own}`;
  }
  const quiet = silence(state, holder, now, timings);
  const silent =
    quiet < timings.addressLeaseMs ? '' : `, which has been silent for ${seconds(quiet)}`;
  return `The address is at ${holder}${silent}.${own}`;
}

function explainOthers(state: State, now: Millis, timings: Timings): string {
  if (!knowsEtcd(state, now, timings)) return 'Not known who else may lead.';
  const active = state.view?.patroni.leader?.site;
  const others = Object.keys(state.view?.sites ?? {}).filter((site) => site !== active);
  const sentences = others.sort().map((site) => {
    const why = reasonAgainst(state, site, now, timings);
    const { unstable } = state.view?.sites[site]?.report ?? {};
    const lost = unstable
      ? `, but only if no stable site can: it was lost ${unstable} times lately`
      : '';
    return why === null ? `${site} may lead${lost}` : `${site} may not lead: ${why}`;
  });
  const paused = isPaused(state, now)
    ? ` Paused: no automatic switchover for ${seconds((state.pause?.until ?? now) - now)}.`
    : '';
  const patroni = state.view?.patroni.paused
    ? ` Patroni itself is paused: a primary that is lost is not replaced, and none moves by itself; ${RESUME}.`
    : '';
  return `${sentences.length === 0 ? 'No other site is known' : sentences.join('; ')}.${paused}${patroni}`;
}

function serverOf(state: State, site: Site): ServerReport | null {
  return state.view?.sites[site]?.report.server ?? null;
}

function say(server: ServerReport | null): string {
  if (server === null) return 'its server does not answer';
  if (!server.healthy) return `its server is sick${because(server.why)}`;
  switch (server.role) {
    case 'writer':
      return `its server writes, epoch ${server.epoch}, position ${server.position}`;
    case 'taking-over':
      return `its server takes over${because(server.why)}`;
    case 'follower':
      return `its server has not taken over yet${because(server.why)}`;
    case 'stopping':
      return `its server stops${because(server.why)}`;
  }
}

function because(reason: string | null): string {
  return reason === null ? '' : ` (${reason})`;
}

function seconds(ms: Millis): string {
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s` : 'ever';
}
