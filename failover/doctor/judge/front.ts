import type { SiteStatus, Status } from '../../status/status.ts';
import type { Door, Facts } from '../facts.ts';
import { amiss, type Finding, type StepName, unknown, well } from '../finding.ts';
import { isHeard } from './heard.ts';

/** What may keep a front from answering though it is well. */
const BEHIND: readonly StepName[] = [
  'agent',
  'etcd',
  'disks',
  'postgresql',
  'server',
  'leader',
  'replication',
];

/** That the front answers at each floating address, and every site's front could take its place. */
export function front({ addresses, doors, agent }: Facts): Finding {
  const status = agent.kind === 'told' ? agent.status : null;
  for (const door of doors.filter(({ address }) => addresses.includes(address))) {
    const wrong = atDoor(door, status);
    if (wrong !== null) return wrong;
  }
  const sick = status?.sites.map(ofSite).find((finding) => finding !== null);
  if (sick) return sick;
  if (addresses.length === 0 && status === null) return unknown('no address is configured here');
  return well(
    addresses.length === 0 ? 'every front is well' : `answers at ${addresses.join(' and ')}`,
  );
}

function atDoor(door: Door, status: Status | null): Finding | null {
  if (door.kind === 'shut') return shut(door, status);
  const { address, versions } = door;
  if (versions.kind === 'silence')
    return amiss(
      `the front at ${address} holds requests and answers none: ${versions.why}`,
      'Look at who leads: a front waits for a writer.',
      BEHIND,
    );
  if (versions.status === 200) return null;
  return amiss(
    `the front at ${address} answers ${versions.status}`,
    `Look at farol-front where the address is: \`journalctl -u farol-front\`.`,
    BEHIND,
  );
}

function shut({ address, why }: { address: string; why: string }, status: Status | null): Finding {
  const said = `nobody answers at ${address}: ${why}`;
  const holder = status?.address ?? null;
  if (holder === null)
    return amiss(
      `${said}; no site is known to have it`,
      'Look at who leads: the address goes there.',
      BEHIND,
    );
  const site = status?.sites.find((each) => each.site === holder);
  if (site?.front !== 'healthy')
    return amiss(`${said}; the front of ${holder}, which has it, is not well`, mendFront(holder));
  return amiss(
    `${said}, though ${holder} has it and its front is well`,
    `Whoever keeps the network between here and ${holder} must let TCP pass to ${address}: a firewall, or a switch that still knows its last place.`,
  );
}

/** Of a site that is silent nothing is known, and that is another step's to say. */
function ofSite(status: SiteStatus): Finding | null {
  const { site, witness, front: health, frontWay } = status;
  if (witness || !isHeard(status)) return null;
  if (health !== 'healthy') return amiss(`the front of ${site} is not well`, mendFront(site));
  if (frontWay?.kind !== 'none') return null;
  return amiss(
    `the front of ${site} has had no way to the writer for ${Math.round(frontWay.forMs / 1_000)} s`,
    `Whoever keeps the network of ${site} must let TCP pass from there to the other sites, to the servers and the fronts' relays.`,
    BEHIND,
  );
}

const mendFront = (site: string): string =>
  `At ${site}: \`systemctl status farol-front\` and \`journalctl -u farol-front -n 50\` say why; it comes back by itself once that is mended.`;
