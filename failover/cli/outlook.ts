import type { Status } from '../status/status.ts';

/** What would bring writes back, and when, as far as it is known; nothing while they flow. */
export function outlook(status: Status): string[] {
  switch (status.writes.kind) {
    case 'unknown':
      return [...whyUnknown(status), 'Nothing above is known to be true now.'];
    case 'none':
      return [takeOver(status)];
    default:
      return [];
  }
}

/** Who of etcd's members answers, and how many must come back. */
export function whyUnknown({ etcd, isGivenUp }: Pick<Status, 'etcd' | 'isGivenUp'>): string[] {
  if (etcd.length === 0) return [];
  const there = named(etcd, ({ answers }) => answers);
  const needed = Math.floor(etcd.length / 2) + 1;
  if (there.length < needed) return [whyNoMajority(etcd, there, needed) + lost(etcd, isGivenUp)];
  const voting = etcd.some(({ knowsLeader }) => knowsLeader) ? '' : ', but they have no leader yet';
  return [`${there.length} of etcd's ${etcd.length} members answer${voting}.`];
}

/** After a blackout the first to return runs, and answers nobody: it is no fault of its own. */
function whyNoMajority(etcd: Status['etcd'], there: readonly string[], needed: number): string {
  const running = named(etcd, ({ answers, runs = false }) => !answers && runs);
  const away = named(etcd, ({ answers, runs = false }) => !answers && !runs);
  const answering = there.length === 0 ? 'none answers' : `only ${there.join(' and ')} answers`;
  const does = running.length > 1 ? 'run and answer' : 'runs and answers';
  const waiting =
    running.length === 0
      ? ''
      : `; ${running.join(' and ')} ${does} nothing, as etcd does that hears too few others`;
  const missing = needed - there.length - running.length;
  const mend =
    missing > 0
      ? `Bring back ${missing === away.length ? '' : `${missing} of `}${away.join(', ')}: power, network, or the program there.`
      : 'These are enough: if it stays so, look at TCP to 2380 between them, and at their disks.';
  return `etcd has no majority: of its ${etcd.length} members ${answering}, and ${needed} must${waiting}. ${mend}`;
}

/** Who was given up by the other lacks what that acknowledged since. */
const lost = (etcd: Status['etcd'], isGivenUp = false): string =>
  etcd.length === 2 && !isGivenUp && etcd.some(({ answers, runs = false }) => !answers && !runs)
    ? ' If it is lost for good: `farol promote`, as root.'
    : '';

const named = (
  etcd: Status['etcd'],
  which: (member: Status['etcd'][number]) => boolean,
): string[] => etcd.filter(which).map(({ member }) => member);

const RECOVER = 'go on without it, if it is lost for good: `farol recover`.';

/** From the end of Patroni's key to the first acknowledgement, as seen in the cluster tests. */
const TAKEOVER_MS = 4_000;
/** An agent that has been silent for longer may be without power. */
const SILENT_MS = 4_000;

function takeOver(status: Status): string {
  const { primary, patroniPaused, patroniKeyLeftMs, writes, sites } = status;
  const silentMs = sites.find(({ site }) => site === primary)?.silentMs ?? Number.POSITIVE_INFINITY;
  if (primary !== null && silentMs < SILENT_MS) {
    return 'No writes now: the site of the primary is there, and its server must open.';
  }
  if (patroniPaused)
    return 'No writes now: Patroni is paused and replaces nobody; `patronictl resume` ends that.';
  const may = writes.confirming.filter(({ silentMs: quiet }) => quiet === null);
  const names = writes.confirming.map(({ site }) => site);
  if (names.length === 0)
    return `No writes now: only the last primary may lead; bring it back, or ${RECOVER}`;
  if (may.length === 0) {
    return `No writes now: only ${[primary, ...names].filter((site) => site !== null).join(', ')} have what was acknowledged, and all are silent; bring one back, or ${RECOVER}`;
  }
  const heirs = may.map(({ site }) => site).join(' or ');
  if (patroniKeyLeftMs === null) return `No writes now: ${heirs} may take over at any moment.`;
  const [left, back] = [patroniKeyLeftMs, patroniKeyLeftMs + TAKEOVER_MS].map(seconds);
  return `No writes now: Patroni's leader key of ${primary} ends in ${left} s, then ${heirs} takes over; writes are expected in about ${back} s.`;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(0);
