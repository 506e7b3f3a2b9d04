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
export function whyUnknown({ etcd }: Pick<Status, 'etcd'>): string[] {
  if (etcd.length === 0) return [];
  const there = etcd.filter(({ answers }) => answers).map(({ member }) => member);
  const silent = etcd.filter(({ answers }) => !answers).map(({ member }) => member);
  const needed = Math.floor(etcd.length / 2) + 1;
  const answering = there.length === 0 ? 'none answers' : `only ${there.join(' and ')} answers`;
  if (there.length < needed) {
    const missing = needed - there.length;
    return [
      `etcd has no majority: of its ${etcd.length} members ${answering}, and ${needed} must. ` +
        `Bring back ${missing === silent.length ? '' : `${missing} of `}${silent.join(', ')}: power, network, or the program there.`,
    ];
  }
  const voting = etcd.some(({ knowsLeader }) => knowsLeader) ? '' : ', but they have no leader yet';
  return [`${there.length} of etcd's ${etcd.length} members answer${voting}.`];
}

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
