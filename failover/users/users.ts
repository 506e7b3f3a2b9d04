import { ACTIONS, type Call, type Told } from './actions.ts';
import { Refused, Unanswered } from './admin-api.ts';
import { logIn, logOut } from './sessions.ts';
import type { Surroundings } from './surroundings.ts';

/** What was typed behind `farol users`. */
export interface Asked {
  readonly words: readonly string[];
  readonly admin: boolean;
  readonly erase: boolean;
  readonly json: boolean;
  readonly limit: string | undefined;
}

/** How it ends, for scripts: 1 is left to what was not asked. */
const REFUSED = 3;
/** Where it is not known it may have been done: whoever only asks again may do it twice. */
const NOT_DONE_OR_NOT_KNOWN = 4;

const LIMIT_DEFAULT = 100;

type Action = keyof typeof ACTIONS;

/** `farol users ACTION …`: asks the server for it, prints what came of it, and gives how the command ends. */
export const users = (asked: Asked, surroundings: Surroundings): Promise<number> =>
  ending(asked, surroundings, () => deed(asked, surroundings));

/** Of what is asked of the server in an administrator's name: prints what came of it, and gives how the command ends. */
export async function ending(
  asked: Pick<Asked, 'words' | 'json'>,
  surroundings: Pick<Surroundings, 'print'>,
  ask: () => Promise<Told>,
): Promise<number> {
  try {
    const told = await ask();
    surroundings.print(asked.json ? JSON.stringify(told.answer) : told.said);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Unanswered)) throw error;
    const { errcode, message } = error;
    const told = asked.json ? JSON.stringify({ errcode, error: message }) : said(asked, error);
    surroundings.print(told);
    return error.isOfNow ? NOT_DONE_OR_NOT_KNOWN : REFUSED;
  }
}

function said(
  { words: [action = 'list'] }: Pick<Asked, 'words'>,
  error: Refused | Unanswered,
): string {
  const { errcode, message, mayBeDone } = error;
  if (errcode === 'M_UNKNOWN_TOKEN') return `${message}: farol users login NAME`;
  return mayBeDone && !LOOKING.includes(action)
    ? `${message}. It is not done, or that is not known: look before you ask again.`
    : message;
}

const LOOKING: readonly string[] = ['list', 'show'];

function deed(asked: Asked, surroundings: Surroundings): Promise<Told> {
  const [action = 'list', name, word] = asked.words;
  if (!isAction(action) && action !== 'login' && action !== 'logout')
    throw new Error(`There is no \`farol users ${action}\`; see farol --help`);
  // Also a password that stands there, and will not be the one.
  if (asked.words.length > (WORDS_MAX[action] ?? 2))
    throw new Error(`There are too many words behind \`farol users ${action}\`; nothing was done`);
  if (action === 'login') return logIn(nameIn(name, surroundings), surroundings);
  if (action === 'logout') return logOut(surroundings);
  return ACTIONS[action](callOf(action, { asked, name, word }, surroundings));
}

const isAction = (text: string): text is Action => Object.hasOwn(ACTIONS, text);

/** With the action: a name or what is looked for, and on or off. */
const WORDS_MAX: Partial<Record<Action | 'login' | 'logout', number>> = {
  ...{ invite: 1, logout: 1 },
  ...{ admin: 3, lock: 3, suspend: 3 },
};

/** What is asked for without a name. */
const WITHOUT_NAME: readonly Action[] = ['list', 'invite'];

function callOf(
  action: Action,
  { asked, name, word }: { asked: Asked; name: string | undefined; word: string | undefined },
  surroundings: Surroundings,
): Call {
  const { api, login } = surroundings;
  const token = login.token();
  const isNameless = WITHOUT_NAME.includes(action);
  const sharedSecret =
    token === undefined && action === 'create' ? surroundings.sharedSecret() : undefined;
  if (token === undefined && sharedSecret === undefined) throw new Error(NOT_LOGGED_IN);
  const userId = isNameless ? '' : nameIn(name, surroundings);
  return {
    ...{ api, sharedSecret, token, userId, word: isNameless ? name : word },
    ...{ admin: asked.admin, erase: asked.erase, limit: limitOf(asked.limit) },
    password: () => newPassword(userId, surroundings),
    mayGoOn: async (what, expected) =>
      (await surroundings.confirm(`${what}\nType "${expected}": `)) === expected,
  };
}

export const NOT_LOGGED_IN =
  'Log in as an administrator first: farol users login NAME. The first one is made by `farol users create NAME --admin`, where the server is told a `registrationSharedSecret`.';

/** Of this server: `ada` is short for `@ada:` with its name. Of another one, or by half a name, somebody else would be meant. */
function nameIn(name: string | undefined, { serverName }: Surroundings): string {
  if (name === undefined || name === '') throw new Error('Say whose account');
  const userId = name.startsWith('@') ? name : `@${name}:${serverName}`;
  const colon = userId.indexOf(':');
  if (colon > 1 && userId.slice(colon + 1) === serverName) return userId;
  throw new Error(`${name} is no name at this server: say it as in ada, or @ada:${serverName}`);
}

function limitOf(text: string | undefined): number {
  const limit = text === undefined ? LIMIT_DEFAULT : Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new Error('--limit is how many accounts to list, such as 100');
}

async function newPassword(userId: string, { askPassword }: Surroundings): Promise<string> {
  const password = await askPassword(`A new password for ${userId}: `);
  if (password === '') throw new Error('No password was given; nothing was done');
  return password;
}
