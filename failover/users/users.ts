import { ACTIONS, type Call, type Told } from './actions.ts';
import { type AdminApi, type Json, Refused } from './admin-api.ts';
import type { KeptLogin, Login } from './kept-login.ts';

/** What was typed behind `farol users`. */
export interface Asked {
  readonly words: readonly string[];
  readonly admin: boolean;
  readonly erase: boolean;
  readonly json: boolean;
  readonly limit: string | undefined;
}

/** Where it was typed. */
export interface Surroundings {
  readonly api: AdminApi;
  readonly serverName: string;
  readonly sharedSecret: string | undefined;
  readonly login: KeptLogin;
  readonly host: string;
  askPassword(question: string): Promise<string>;
  /** What is typed at the question; null where nobody can be asked. */
  confirm(question: string): Promise<string | null>;
  print(text: string): void;
}

/** How it ends, for scripts: 1 is left to what could not be asked. */
const REFUSED = 3;
const NOT_NOW = 4;

const LIMIT_DEFAULT = 100;

type Action = keyof typeof ACTIONS;

/** `farol users ACTION …`: asks the server for it, prints what came of it, and gives how the command ends. */
export async function users(asked: Asked, surroundings: Surroundings): Promise<number> {
  try {
    const told = await deed(asked, surroundings);
    surroundings.print(asked.json ? JSON.stringify(told.answer) : told.said);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { errcode, message } = error;
    const said = errcode === 'M_UNKNOWN_TOKEN' ? `${message}: farol users login NAME` : message;
    surroundings.print(asked.json ? JSON.stringify({ errcode, error: message }) : said);
    return error.isOfNow ? NOT_NOW : REFUSED;
  }
}

function deed(asked: Asked, surroundings: Surroundings): Promise<Told> {
  const [action = 'list', name, word] = asked.words;
  if (action === 'login') return logIn(nameIn(name, surroundings), surroundings);
  if (action === 'logout') return logOut(surroundings);
  if (!isAction(action)) throw new Error(`There is no \`farol users ${action}\`; see farol --help`);
  return ACTIONS[action](callOf(action, { asked, name, word }, surroundings));
}

const isAction = (text: string): text is Action => Object.hasOwn(ACTIONS, text);

/** What is asked for without a name. */
const WITHOUT_NAME: readonly Action[] = ['list', 'invite'];

function callOf(
  action: Action,
  { asked, name, word }: { asked: Asked; name: string | undefined; word: string | undefined },
  surroundings: Surroundings,
): Call {
  const { api, sharedSecret, login } = surroundings;
  const token = login.read()?.token;
  const isNameless = WITHOUT_NAME.includes(action);
  if (token === undefined && !(action === 'create' && sharedSecret !== undefined))
    throw new Error(NOT_LOGGED_IN);
  const userId = isNameless ? '' : nameIn(name, surroundings);
  return {
    ...{ api, sharedSecret, token, userId, word: isNameless ? name : word },
    ...{ admin: asked.admin, erase: asked.erase, limit: limitOf(asked.limit) },
    password: () => newPassword(userId, surroundings),
    mayGoOn: async (what, expected) =>
      (await surroundings.confirm(`${what}\nType "${expected}": `)) === expected,
  };
}

const NOT_LOGGED_IN =
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

async function logIn(userId: string, surroundings: Surroundings): Promise<Told> {
  const { api, login, host, askPassword } = surroundings;
  const answer = await api.ask('POST /_matrix/client/v3/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: userId },
    password: await askPassword(`Password of ${userId}: `),
    initial_device_display_name: `farol users at ${host}`,
  });
  const made = { userId: String(answer.user_id), token: String(answer.access_token) };
  await refuseOthers(api, made);
  login.keep(made);
  const { access_token: _secret, ...told } = answer;
  return { answer: told, said: `Logged in as ${made.userId}, until farol users logout.` };
}

/** Whoever may not look at accounts would find out by the next command. */
async function refuseOthers(api: AdminApi, { userId, token }: Login): Promise<void> {
  try {
    const path = `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/admin`;
    await api.ask(`GET ${path}`, undefined, token);
  } catch (error) {
    await endSession(api, token);
    throw error;
  }
}

async function logOut({ api, login }: Surroundings): Promise<Told> {
  const kept = login.read();
  if (kept === null) return { answer: {}, said: 'Nobody is logged in here.' };
  await endSession(api, kept.token);
  login.forget();
  return { answer: {}, said: 'Logged out.' };
}

/** One that has ended is as wanted. */
async function endSession(api: AdminApi, token: string): Promise<Json | undefined> {
  try {
    return await api.ask('POST /_matrix/client/v3/logout', {}, token);
  } catch (error) {
    if (error instanceof Refused && error.errcode === 'M_UNKNOWN_TOKEN') return undefined;
    throw error;
  }
}
