import { bytes } from '../../failover/cli/bytes.ts';
import { outlook } from '../../failover/cli/outlook.ts';
import type { SiteStatus, Status } from '../../failover/status/status.ts';

/** What the demo knows that no agent does: what has been done to a machine. */
export interface MachineShown {
  readonly name: string;
  readonly powered: boolean;
  readonly connected: boolean;
  /** Requests that its front holds now; null where no front answers. */
  readonly held: number | null;
}

export interface Shown {
  readonly clientUrl: string;
  readonly machines: readonly MachineShown[];
  readonly chosen: number;
  /** As some agent says that can be asked; null while none answers. */
  readonly status: Status | null;
  /** What the last key did. */
  readonly said: string;
}

/** The whole terminal, line by line; the chosen site's line is marked. */
export function screen({ clientUrl, machines, chosen, status, said }: Shown): string {
  const { leader, address, others, warning } = status?.explanation ?? {};
  return [
    'Farol: three sites on this machine',
    `Clients: ${clientUrl}   (any Matrix client; register there, the server is farol.test)`,
    '',
    ...siteTable(machines, status, [], chosen),
    '',
    ...(status === null
      ? ['No agent answers just now. While the sites elect anew that takes some seconds.']
      : [leader, address, others, warning, ...outlook(status)]),
    '',
    'up/down choose a site   p power off/on   n network cut/heal   s switch over to it (to another, if it leads)   q quit',
    said,
  ]
    .filter((each) => each !== null && each !== undefined)
    .join('\n');
}

/** A line for each site below the heads of the columns; one of them may be marked. */
export function siteTable(
  machines: readonly MachineShown[],
  status: Status | null,
  without: readonly string[] = [],
  chosen?: number,
): string[] {
  const all = machines.map((machine, index) => {
    const site = status?.sites.find((each) => each.site === machine.name);
    return [index === chosen ? '>' : ' ', ...cells(machine, site, status)];
  });
  const kept = (row: readonly string[]) => row.filter((_, at) => !without.includes(HEADS[at]!));
  const rows = [HEADS, ...all].map(kept);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

const HEADS = [
  ' ',
  'SITE',
  'POWER',
  'NETWORK',
  'ROLE',
  'EPOCH',
  'POSITION',
  'LAG',
  'ADDRESS',
  'HELD',
];
/** Three pulses of an agent: older than that is hearsay. */
const SILENT_MS = 2_100;

function cells(
  machine: MachineShown,
  site: SiteStatus | undefined,
  status: Status | null,
): string[] {
  const { name, powered, connected, held } = machine;
  const state = [name, powered ? 'on' : 'OFF', connected ? 'ok' : 'CUT'];
  if (!powered || site === undefined || site.silentMs > SILENT_MS) {
    return [
      ...state,
      powered && status === null ? 'unknown' : 'silent',
      '',
      '',
      '',
      '',
      held === null ? '' : String(held),
    ];
  }
  const { server, postgres, lagBytes } = site;
  const copy = status?.synchronousStandbys.includes(name) ? 'sync standby' : 'standby';
  const role = server?.role === 'writer' ? 'WRITER' : (server?.role ?? 'no server');
  return [
    ...state,
    `${role}, ${postgres?.role === 'primary' ? 'primary' : copy}`,
    String(server?.epoch ?? ''),
    String(server?.position ?? ''),
    name === status?.primary || lagBytes === null ? '' : bytes(lagBytes),
    name === status?.address ? 'HERE' : '',
    held === null ? '' : String(held),
  ];
}
