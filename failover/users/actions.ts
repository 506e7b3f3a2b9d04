import { createHmac } from 'node:crypto';
import { type AdminApi, type Json, Refused } from './admin-api.ts';
import { account, accounts } from './shown.ts';

/** One call of the command, with whoever asks known. */
export interface Call {
  readonly api: AdminApi;
  /** Of an administrator. */
  readonly token: string | undefined;
  /** With which the first administrator is made. */
  readonly sharedSecret: string | undefined;
  readonly userId: string;
  readonly word: string | undefined;
  readonly admin: boolean;
  readonly erase: boolean;
  readonly limit: number;
  password(): Promise<string>;
  /** Whether this is what is wanted, for what cannot be taken back. */
  mayGoOn(what: string, expected: string): Promise<boolean>;
}

/** `answer` is for programs, `said` for people. */
export interface Told {
  readonly answer: Json;
  readonly said: string;
}

export const ACTIONS = {
  ...{ list, show, create, password, admin, lock, suspend, deactivate, invite },
};

const AT = '/_synapse/admin';
const user = ({ userId }: Call, version = 'v1') =>
  `${AT}/${version}/users/${encodeURIComponent(userId)}`;

async function list(call: Call): Promise<Told> {
  const query = new URLSearchParams({
    ...{ limit: String(call.limit), deactivated: 'true' },
    ...(call.word !== undefined && { name: call.word }),
    ...(call.admin && { admins: 'true' }),
  });
  const answer = await call.api.ask(`GET ${AT}/v2/users?${query}`, undefined, call.token);
  return { answer, said: accounts(answer) };
}

async function show(call: Call): Promise<Told> {
  const answer = await call.api.ask(`GET ${user(call, 'v2')}`, undefined, call.token);
  return { answer, said: account(answer) };
}

function create(call: Call): Promise<Told> {
  return call.token === undefined ? createBySecret(call) : createAsAdministrator(call);
}

async function createAsAdministrator(call: Call): Promise<Told> {
  if (await isThere(call)) throw inUse(call.userId);
  const body = { password: await call.password(), admin: call.admin };
  const answer = await call.api.ask(`PUT ${user(call, 'v2')}`, body, call.token);
  return { answer, said: made(answer.name, call) };
}

/** As `register_new_matrix_user` of Synapse does. */
async function createBySecret(call: Call): Promise<Told> {
  const password = await call.password();
  const { nonce } = await call.api.ask(`GET ${AT}/v1/register`);
  const username = call.userId.slice(1, call.userId.indexOf(':'));
  const proved = [nonce, username, password, call.admin ? 'admin' : 'notadmin'].join('\0');
  const mac = createHmac('sha1', call.sharedSecret!).update(proved).digest('hex');
  const body = { nonce, username, password, admin: call.admin, mac, inhibit_login: true };
  const answer = await call.api.ask(`POST ${AT}/v1/register`, body);
  return { answer, said: made(answer.user_id, call) };
}

/** The server folds what is typed: who was made is what it answers. */
const made = (userId: unknown, { admin }: Call) =>
  `${userId} has an account now${admin ? ', and is an administrator' : ''}.`;

async function isThere(call: Call): Promise<boolean> {
  try {
    await call.api.ask(`GET ${user(call, 'v2')}`, undefined, call.token);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.errcode === 'M_NOT_FOUND') return false;
    throw error;
  }
}

const inUse = (userId: string) =>
  new Refused(400, { errcode: 'M_USER_IN_USE', error: `${userId} has an account` });

async function password(call: Call): Promise<Told> {
  const path = `${AT}/v1/reset_password/${encodeURIComponent(call.userId)}`;
  const body = { new_password: await call.password(), logout_devices: true };
  const answer = await call.api.ask(`POST ${path}`, body, call.token);
  return { answer, said: `${call.userId} has another password, and is logged out everywhere.` };
}

async function admin(call: Call): Promise<Told> {
  const holds = isOn(call);
  const answer = await call.api.ask(`PUT ${user(call)}/admin`, { admin: holds }, call.token);
  return { answer, said: `${call.userId} is ${holds ? 'an' : 'no'} administrator.` };
}

async function lock(call: Call): Promise<Told> {
  const holds = isOn(call);
  // That call makes whoever is not there.
  await call.api.ask(`GET ${user(call, 'v2')}`, undefined, call.token);
  const answer = await call.api.ask(`PUT ${user(call, 'v2')}`, { locked: holds }, call.token);
  return { answer, said: `${call.userId} is ${holds ? '' : 'not '}locked.` };
}

async function suspend(call: Call): Promise<Told> {
  const holds = isOn(call);
  const path = `${AT}/v1/suspend/${encodeURIComponent(call.userId)}`;
  const answer = await call.api.ask(`PUT ${path}`, { suspend: holds }, call.token);
  return { answer, said: `${call.userId} is ${holds ? '' : 'not '}suspended.` };
}

function isOn({ word }: Call): boolean {
  if (word === 'on' || word === 'off') return word === 'on';
  throw new Error('Say on or off behind the name');
}

async function deactivate(call: Call): Promise<Told> {
  const gone = call.erase ? ', and hides what they have said from whoever joins later' : '';
  const what = `This closes the account of ${call.userId} for good${gone}.`;
  if (!(await call.mayGoOn(what, call.userId)))
    throw new Error(
      `Nothing was done. To go on: farol users deactivate ${call.userId} --confirm ${call.userId}`,
    );
  const path = `${AT}/v1/deactivate/${encodeURIComponent(call.userId)}`;
  const answer = await call.api.ask(`POST ${path}`, { erase: call.erase }, call.token);
  return { answer, said: `The account of ${call.userId} is closed.` };
}

/** With what it prints one account can be made. */
async function invite(call: Call): Promise<Told> {
  const path = `${AT}/v1/registration_tokens/new`;
  const answer = await call.api.ask(`POST ${path}`, { uses_allowed: 1 }, call.token);
  return { answer, said: String(answer.token) };
}
