import { routing } from '../address/routing.ts';
import { TIMINGS } from '../timings.ts';
import type { Site } from '../view.ts';
import type { AgentHost } from './agent/agent-host.ts';
import { READ, type Server } from './server.ts';
import type { World } from './world.ts';

const RETRY_MS = 200;
const GIVE_UP_MS = 3_000;

/**
 * Clients behind fronts: each sends one request after the other, to where the front of the moment
 * thinks the writer is, and repeats what was not answered under the same id (D6). One repeat goes
 * out beside the first, as from two fronts at once (docs/faults.md, schedule 8). The third only reads.
 */
export function startClients(
  world: World,
  fronts: ReadonlyMap<Site, AgentHost>,
  servers: ReadonlyMap<Site, Server>,
): void {
  for (const client of ['0', '1', READ]) next(world, fronts, servers, client, 0);
}

function next(
  world: World,
  fronts: ReadonlyMap<Site, AgentHost>,
  servers: ReadonlyMap<Site, Server>,
  client: string,
  count: number,
): void {
  const { time, random } = world;
  const id = `${client}.${count}`;
  let answered = false;
  const done = (): void => {
    if (answered) return;
    answered = true;
    time.after(random.between(100, 600), () => next(world, fronts, servers, client, count + 1));
  };
  const attempt = (): void => {
    if (answered) return;
    const front = random.pick(world.sites);
    let over = false;
    const again = (): void => {
      if (!over) attempt();
      over = true;
    };
    const sent = send(world, fronts.get(front)!, servers, id, done, again);
    time.after(sent ? GIVE_UP_MS : RETRY_MS, again);
  };
  attempt();
  if (random.chance(0.1)) attempt();
}

function send(
  world: World,
  front: AgentHost,
  servers: ReadonlyMap<Site, Server>,
  id: string,
  done: () => void,
  again: () => void,
): boolean {
  const { time, network } = world;
  if (!front.frontHealthy) return false;
  const to = routing(front.state, world.clock(front.site), TIMINGS).writer?.site;
  if (to === undefined || !network.reaches(front.site, to)) return false;
  time.after(network.delay(front.site, to), () => {
    servers.get(to)!.request(id, (answer) => {
      if (!network.reaches(to, front.site)) return;
      time.after(network.delay(to, front.site), () => {
        if (answer === 'done') done();
        else time.after(RETRY_MS, again);
      });
    });
  });
  return true;
}
