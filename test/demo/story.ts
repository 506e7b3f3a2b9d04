import type { Status } from '../../failover/status/status.ts';

/** What the story goes by. */
export interface Seen {
  readonly status: Status | null;
  /** A message that was sent since the chapter began has been acknowledged. */
  readonly flows: boolean;
}

export interface Chapter {
  readonly says: string;
  /** Done as it begins. */
  readonly does?: 'power off' | 'power on';
  /** It is told for so long at least, and until what it tells of is there. */
  readonly atLeastMs: number;
  readonly until: (seen: Seen) => boolean;
}

/** A power cut and a return, of the site that leads as it begins. */
export const storyOf = (leader: string): readonly Chapter[] => [
  {
    says: 'Three sites, one name. Ana and Ben write to each other; a tick says that a message is safe at two sites.',
    atLeastMs: 10_000,
    until: ({ flows }) => flows,
  },
  {
    says: `Now ${leader}, which leads, loses its power: no goodbye, nothing is handed over. What Ana and Ben write waits at the other sites; writes are expected back within 30 s.`,
    does: 'power off',
    atLeastMs: 8_000,
    until: ({ status, flows }) => flows && status?.leader != null && status.leader !== leader,
  },
  {
    says: 'Another site leads, and what waited has its tick now.',
    atLeastMs: 10_000,
    until: ({ flows }) => flows,
  },
  {
    says: `The power of ${leader} is back. It starts by itself, follows the new leader and catches up; nothing moves back.`,
    does: 'power on',
    atLeastMs: 8_000,
    until: ({ status }) => isWell(status, leader),
  },
  {
    says: 'Three sites again, and nobody has laid a hand on any of them.',
    atLeastMs: 8_000,
    until: ({ flows }) => flows,
  },
];

function isWell(status: Status | null, back: string): boolean {
  const site = status?.sites.find((each) => each.site === back);
  if (status?.writes.kind !== 'flow' || site === undefined) return false;
  return site.silentMs < 2_100 && site.server?.role === 'follower' && site.lagBytes !== null;
}
