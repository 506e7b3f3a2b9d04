import type { PeerSeen } from '../core/state/seen.ts';
import type { State } from '../core/state.ts';
import { type Millis, TIMINGS } from '../core/timings.ts';
import type { Site } from '../core/view.ts';

/** The agent of another site, as the one that answers hears it without etcd. */
export interface PeerStatus {
  readonly site: Site;
  readonly answers: boolean;
  /** Why it does not, and for how long; null while it does. */
  readonly trouble: { readonly why: string; readonly forMs: Millis } | null;
  /** For how long etcd has not answered it, by its own word just now; null where it does not answer, or etcd never did. */
  readonly etcdSilentMs: Millis | null;
}

/** Whom the port of the agents turned away last. */
export interface StrangerStatus {
  readonly from: string;
  readonly why: string;
  readonly count: number;
  readonly agoMs: Millis;
}

export const peersIn = ({ peers }: State, now: Millis): PeerStatus[] =>
  Object.entries(peers)
    .map(([site, peer]) => peerStatus(site, peer, now))
    .sort((a, b) => (a.site < b.site ? -1 : 1));

function peerStatus(site: Site, { word, at, trouble }: PeerSeen, now: Millis): PeerStatus {
  const answers = now - at <= TIMINGS.unknownMs;
  return {
    site,
    answers,
    trouble: trouble && { why: trouble.why, forMs: now - trouble.since },
    etcdSilentMs: answers ? (word?.etcdSilentMs ?? null) : null,
  };
}

export const strangerIn = ({ stranger }: State, now: Millis): StrangerStatus | null => {
  if (stranger === null) return null;
  const { at, ...told } = stranger;
  return { ...told, agoMs: now - at };
};
