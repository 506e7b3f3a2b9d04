import type { Fault } from './cluster.ts';
import { agentGone, moveToOneThatLags } from './faults.ts';
import type { Story } from './simulate.ts';

/** A fault that lasts as long as it does by itself. */
export const once =
  (fault: Fault): Story =>
  (world, cluster, active) =>
    fault(world, cluster, active, 0);

export const movedWhileAllAgentsAreDead: Story = (world, cluster, active) => {
  for (const site of cluster.agents.keys()) agentGone(world, cluster, site, 30_000);
  moveToOneThatLags(world, cluster, active, 0);
};
