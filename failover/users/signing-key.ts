import type { Told } from './actions.ts';
import type { Json } from './admin-api.ts';
import type { Surroundings } from './surroundings.ts';
import { type Asked, ending, NOT_LOGGED_IN } from './users.ts';

type Around = Pick<Surroundings, 'api' | 'login' | 'print'>;

const AT = '/_farol/admin/v1/signing_key';

/** `farol signing-key show|change`: ends as `farol users` does. */
export const signingKey = (
  asked: Pick<Asked, 'words' | 'json'>,
  surroundings: Around,
): Promise<number> => ending(asked, surroundings, () => deed(asked.words, surroundings));

async function deed(words: readonly string[], { api, login }: Around): Promise<Told> {
  const [action] = words;
  if (words.length !== 1 || (action !== 'show' && action !== 'change'))
    throw new Error('Say farol signing-key show, or farol signing-key change');
  const token = login.token();
  if (token === undefined) throw new Error(NOT_LOGGED_IN);
  const now = await api.ask(`GET ${AT}`, undefined, token);
  if (action === 'show') return { answer: now, said: shown(now) };
  // Of this key alone: whoever types it again after an answer that was lost sees which one is current.
  const answer = await api.ask(`POST ${AT}`, { instead_of: now.key_id }, token);
  return { answer, said: shown(answer) };
}

function shown({ key_id, key, old_verify_keys }: Json): string {
  const old = Object.entries(old_verify_keys as Record<string, { expired_ts: number }>);
  return [
    `${key_id} signs, with the public key ${key}`,
    ...old
      .toSorted(([, one], [, other]) => other.expired_ts - one.expired_ts)
      .map(([keyId, { expired_ts: at }]) => `${keyId} did until ${new Date(at).toISOString()}`),
  ].join('\n');
}
