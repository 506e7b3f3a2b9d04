import type { SiteStatus } from '../status/status.ts';

type Refused = NonNullable<SiteStatus['refused']>;

/** A site of which Patroni wanted to promote the copy: why that came to nothing, since when, and who must do what. */
export function refusals(sites: readonly SiteStatus[]): string[] {
  return sites.flatMap(({ site, refused }) => (refused ? [sentence(site, refused)] : []));
}

function sentence(site: string, { kind, why, agoMs, sinceMs }: Refused): string {
  const inARow = sinceMs - agoMs >= 1_000 ? `, and since ${span(sinceMs)} each time` : '';
  return `${site} was REFUSED a promotion ${span(agoMs)} ago${inARow}: ${why}. ${advice(site, kind)}`;
}

function advice(site: string, kind: Refused['kind']): string {
  switch (kind) {
    case 'left-behind':
      return `Nothing is to be done while another site may lead: ${site} is then rewound or cloned by itself.`;
    case 'timelines':
      return 'Put back what stood in that key; failover/README.md (Timelines) says how it may be forgotten.';
    case 'etcd':
      return `Look at etcd's member at ${site}: it must answer there, with a majority behind it.`;
    case 'postgres':
      return `Look at PostgreSQL's log at ${site}.`;
    case 'votes':
      return 'Nothing is to be done while another site may lead. Where those sites are lost for good, `farol recover` goes on without them.';
    case 'key':
      return 'Nothing is to be done: another site was quicker, or the next try succeeds.';
    case 'certificate':
      return `The user postgres at ${site} must be able to read ca.crt, site.crt and site.key there. ${tried(site)}`;
    case 'disk':
      return `PostgreSQL's user must be able to write pg_wal at ${site}. ${tried(site)}`;
    case 'damaged':
      return `Nothing is to be done: the site with the sound copy leads, and the copy of ${site} is made anew then.`;
    case 'silent':
      return `The program that Patroni asks (\`pre_promote\`) left no word, so it did not run or Patroni was ended or paused: see Patroni's log at ${site}. Node and Farol's folder must be where it names them. ${tried(site)}`;
  }
}

/** What is mended is known to be so once somebody has tried; the agent cannot, as another user. */
const tried = (site: string): string =>
  `When that is mended, run \`pre_promote\` of ${site}'s Patroni with \`try\` behind it, as postgres: this line goes.`;

function span(ms: number): string {
  if (ms < 120_000) return `${(ms / 1_000).toFixed(0)} s`;
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(0)} min` : `${(ms / 3_600_000).toFixed(0)} h`;
}
