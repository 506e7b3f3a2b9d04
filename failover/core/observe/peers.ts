import type { Input } from '../inputs.ts';
import type { PeersSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';

type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

export function seePeers(
  state: State,
  input: Of<'peer-answered' | 'peer-silent' | 'peer-refused'>,
  now: Millis,
): Partial<PeersSeen> {
  switch (input.kind) {
    case 'peer-answered':
      return seeAnswer(state, input);
    case 'peer-silent':
      return missPeer(state, input, now);
    case 'peer-refused':
      return seeStranger(input, now);
  }
}

/** Answers may overtake each other. */
function seeAnswer({ peers }: State, answer: Of<'peer-answered'>): Partial<PeersSeen> {
  const { site, sentAt: at, word } = answer;
  if ((peers[site]?.at ?? at) > at) return {};
  return { peers: { ...peers, [site]: { word, at, trouble: null } } };
}

/** What it said last stays, and grows old. */
function missPeer(
  { peers }: State,
  { site, reason: why }: Of<'peer-silent'>,
  now: Millis,
): Partial<PeersSeen> {
  const known = peers[site] ?? { word: null, at: Number.NEGATIVE_INFINITY, trouble: null };
  const since = known.trouble?.since ?? now;
  return { peers: { ...peers, [site]: { ...known, trouble: { why, since } } } };
}

const seeStranger = ({ stranger }: Of<'peer-refused'>, now: Millis): Partial<PeersSeen> => ({
  stranger: { ...stranger, at: now },
});
