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
  const side = async (starting: Promise<Target>, name?: string): Promise<Side> => {
    const target = running.use(await starting);
    const agent = new Agent({ connections: 1_024, connect: { rejectUnauthorized: false } });
    running.defer(() => agent.destroy());
    const rows = await rowsOf(new BenchClient(agent, target.origin), options);
    return { name: name ?? target.name, target, rows };
  };
  const sides = await Promise.all([
    side(start(before.folder), before.name),
    side(start(REPOSITORY), 'here'),
    ...others.map((other) => side(other())),
  ]);
  print(`\n${sides[0]!.target.name}: ${before.name} and these sources, CPU milliseconds of each\n`);
  await compare({ sides, rounds, print });
}

async function rowsOf(client: BenchClient, options: AgainstOptions) {
  const { senders, membersPerRoom, seconds, requests } = options;
  const places = await makePlaces(client, Math.max(...senders), membersPerRoom);
  const messages = messageRows({ client, places, senders, seconds });
  return requests ? [...messages, ...requestRows(await requestsOf(client))] : messages;
}
