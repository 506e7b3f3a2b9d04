import type { Told } from './actions.ts';
import { type AdminApi, type Json, Refused, Unanswered } from './admin-api.ts';
import type { KeptLogin, Login } from './kept-login.ts';
import type { Surroundings } from './surroundings.ts';

/** Takes the place of the login that is kept here: a session that nobody holds would be an open door. */
export async function logIn(userId: string, surroundings: Surroundings): Promise<Told> {
  const { api, host, askPassword } = surroundings;
  const answer = await api.ask('POST /_matrix/client/v3/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: userId },
    password: await askPassword(`Password of ${userId}: `),
    initial_device_display_name: deviceName(host),
  });
  const made = { userId: String(answer.user_id), token: String(answer.access_token) };
  await keptOrEnded(made, surroundings);
  const { access_token: _secret, ...told } = answer;
  return { answer: told, said: `Logged in as ${made.userId}, until farol users logout.` };
}

const deviceName = (host: string) => `farol users at ${host}`;

async function keptOrEnded(made: Login, { api, login, host }: Surroundings): Promise<void> {
  try {
    await refuseOthers(api, made);
    const before = keptBefore(login);
    if (before !== null) await endSession(api, before.token);
    login.keep(made);
  } catch (error) {
    await endSession(api, made.token).catch((cause) => {
      const open = `${made.userId} may stay logged in as "${deviceName(host)}", which nobody holds: end it in a client`;
      throw new Unanswered(`${(error as Error).message}; and ${open}`, { cause });
    });
    throw error;
  }
}

/** Whoever may not look at accounts would find out by the next command. */
function refuseOthers(api: AdminApi, { userId, token }: Login): Promise<Json> {
  const path = `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/admin`;
  return api.ask(`GET ${path}`, undefined, token);
}

/** One that cannot be read is written anew, as its message says. */
function keptBefore(login: KeptLogin): Login | null {
  try {
    return login.read();
  } catch {
    return null;
  }
}

/** Ends the session of whoever asks, and no other. */
export async function logOut({ api, login }: Surroundings): Promise<Told> {
  const token = login.token();
  if (token === undefined) return { answer: {}, said: 'Nobody is logged in here.' };
  await endSession(api, token);
  if (login.isBrought)
    return { answer: {}, said: 'The session of FAROL_TOKEN is ended; a login that is kept stays.' };
  login.forget();
  return { answer: {}, said: 'Logged out.' };
}

/** One that has ended is as wanted. */
async function endSession(api: AdminApi, token: string): Promise<void> {
  try {
    await api.ask('POST /_matrix/client/v3/logout', {}, token);
  } catch (error) {
    if (error instanceof Refused && error.errcode === 'M_UNKNOWN_TOKEN') return;
    throw error;
  }
}
