import { Agent } from 'undici';
import { BenchClient } from './client.ts';
import { compare, type Side } from './compare.ts';
import { makePlaces } from './load.ts';
import { requestsOf } from './requests.ts';
import { messageRows, requestRows } from './rows.ts';
import { sourcesAt } from './sources.ts';
import { REPOSITORY, type Target } from './target.ts';

export interface AgainstOptions {
  readonly commit: string;
  /** From the program in this folder. */
  readonly start: (sources: string) => Promise<Target>;
  /** Other programs to stand beside. */
  readonly others?: readonly (() => Promise<Target>)[];
  readonly senders: readonly number[];
  readonly membersPerRoom: number;
  readonly seconds: number;
  readonly rounds: number;
  /** Single requests, too. */
  readonly requests: boolean;
  readonly print: (line: string) => void;
}

/** What `bench` measures, of a commit and of the program as it is here, in turn. */
export async function benchAgainst(options: AgainstOptions): Promise<void> {
  const { commit, start, others = [], rounds, print } = options;
  using before = sourcesAt(commit);
  await using running = new AsyncDisposableStack();
  const sides: Side[] = [];
  const add = async (target: Target, name: string) => {
    running.use(target);
    const agent = new Agent({ connections: 1_024, connect: { rejectUnauthorized: false } });
    running.defer(() => agent.destroy());
    const client = new BenchClient(agent, target.origin);
    sides.push({ name, target, rows: await rowsOf(client, options) });
  };
  const old = await start(before.folder);
  print(`\n${old.name}, ${before.name} and these sources; CPU milliseconds of each`);
  await add(old, before.name);
  await add(await start(REPOSITORY), 'here');
  for (const other of others) {
    const target = await other();
    await add(target, target.name);
  }
  await compare({ sides, rounds, print });
}

async function rowsOf(client: BenchClient, options: AgainstOptions) {
  const { senders, membersPerRoom, seconds, requests } = options;
  const places = await makePlaces(client, Math.max(...senders), membersPerRoom);
  const messages = messageRows({ client, places, senders, seconds });
  return requests ? [...messages, ...requestRows(await requestsOf(client))] : messages;
}
