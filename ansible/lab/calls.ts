import { Agent, fetch } from 'undici';
import { trustedBy } from './load.ts';
import type { Lab } from './machines.ts';

export interface TurnServer {
  readonly username: string;
  readonly password: string;
  readonly uris: readonly string[];
}

export const WAYS = ['udp', 'tcp', 'tls'] as const;

/** Somebody with an account, who asks the server for a relay. */
export async function callerAt(lab: Lab): Promise<{ turnServer(): Promise<TurnServer> }> {
  const ask = asking(lab);
  const account = { username: 'caller', password: 'correct horse battery staple' };
  const made = await ask('POST', 'register', { ...account, auth: { type: 'm.login.dummy' } });
  const token = (made as { access_token: string }).access_token;
  return {
    turnServer: async () => (await ask('GET', 'voip/turnServer', undefined, token)) as TurnServer,
  };
}

function asking(lab: Lab) {
  const dispatcher = new Agent({ connect: { ca: trustedBy(lab) } });
  return async (method: string, path: string, body?: object, token?: string): Promise<unknown> => {
    const answer = await fetch(`https://${lab.address}/_matrix/client/v3/${path}`, {
      ...{ method, dispatcher },
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.ok) return answer.json();
    throw new Error(`${method} ${path} came to ${answer.status}: ${await answer.text()}`);
  };
}

/**
 * Whether coturn's own client, at the host for backups, gets two relays and what one of them is sent comes out of the other:
 * some of it, since that client loses most by TLS, and a busy machine drops packets.
 */
export async function relayed(
  lab: Lab,
  relay: string,
  turn: TurnServer,
  way: (typeof WAYS)[number],
): Promise<boolean> {
  const ways = { udp: ['-p', '3478'], tcp: ['-t', '-p', '3478'], tls: ['-t', '-S', '-p', '5349'] };
  const said = await uclient(lab, relay, turn, ...ways[way], '-y', '-c');
  return /tot_recv_msgs=[1-9]/.test(lastTold(said));
}

/** What it is told where the peer is one that no relay may reach. */
export const refusal = (lab: Lab, relay: string, turn: TurnServer, peer: string) =>
  uclient(lab, relay, turn, '-p', '3478', '-e', peer, '-c');

/** Whether the host drops what its relay would send to a port of another site that is no relay's. */
export async function drops(lab: Lab, site: string, turn: TurnServer, peer: string) {
  const relay = lab.ipOf(site);
  await uclient(lab, relay, turn, '-p', '3478', '-e', peer, '-r', '2379', '-c');
  const counted = await lab.on(site, 'nft', 'list', 'chain', 'inet', 'farol', 'relay');
  return new RegExp(`daddr ${peer.replaceAll('.', '\\.')} counter packets [1-9]`).test(counted);
}

const uclient = (lab: Lab, relay: string, { username, password }: TurnServer, ...how: string[]) =>
  lab.on(
    'vault',
    ...['sh', '-c', 'timeout 60 turnutils_uclient -v "$@" 2>&1 || true', '--'],
    ...['-u', username, '-w', password, '-n', '20', '-m', '1', ...how, relay],
  );

const lastTold = (said: string): string =>
  said.split('\n').findLast((line) => line.includes('tot_send_msgs')) ?? '';
