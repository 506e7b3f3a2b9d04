import type { Site } from '../cluster/support/site.ts';
import type { FaultName } from './fault-names.ts';
import type { System } from './system.ts';

/** What a fault is played on. */
export interface Stage {
  readonly system: System;
  /** The site with the address and the primary. */
  readonly active: Site;
  /** The clock of what is measured starts. */
  strike(): void;
  /** Until messages that are sent from now on are acknowledged, and for some seconds more. */
  untilServed(): Promise<void>;
  /** Until nothing is missing any more; gives the site with the address. */
  untilWhole(): Promise<Site>;
}

/** The same for both systems; clients are writing all the while. */
export const FAULTS: Readonly<Record<FaultName, (stage: Stage) => Promise<void>>> = {
  async 'homeserver-killed'({ system, active, strike, untilServed }) {
    strike();
    await system.kill('homeserver', active);
    await untilServed();
  },

  async 'proxy-killed'({ system, active, strike, untilServed }) {
    strike();
    await system.kill('proxy', active);
    await untilServed();
  },

  async switchover({ system, active, strike, untilServed }) {
    const to = system.cluster.sites.find((site) => site !== active)!;
    strike();
    await system.switchover(active, to);
    await untilServed();
  },

  async 'power-loss'({ active, strike, untilServed, untilWhole }) {
    strike();
    await active.powerOff();
    await untilServed();
    await active.powerOn();
    await untilWhole();
    await untilServed();
  },

  async 'network-cut'({ active, strike, untilServed, untilWhole }) {
    strike();
    await cutAndHealed(active, untilServed);
    await untilWhole();
    await untilServed();
  },

  async 'both-in-a-row'({ active, strike, untilServed, untilWhole }) {
    strike();
    await active.powerOff();
    await untilServed();
    await active.powerOn();
    const next = await untilWhole();
    await cutAndHealed(next, untilServed);
    await untilWhole();
    await untilServed();
  },
};

async function cutAndHealed(site: Site, untilServed: () => Promise<void>): Promise<void> {
  await site.cutNetwork();
  try {
    await untilServed();
  } finally {
    await site.healNetwork();
  }
}
