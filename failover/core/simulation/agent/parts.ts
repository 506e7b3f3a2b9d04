import type { Site } from '../../view.ts';
import type { World } from '../world.ts';
import type { EtcdRequests } from './etcd-requests.ts';
import type { Machines } from './machines.ts';
import type { Process } from './process.ts';

/** Of one agent, what its deeds and looks rest on. */
export interface Parts {
  readonly site: Site;
  /** The machine: the site's own, or another that was set up with its name. */
  readonly host: string;
  readonly world: World;
  readonly machines: Machines;
  readonly process: Process;
  readonly etcd: EtcdRequests;
}
