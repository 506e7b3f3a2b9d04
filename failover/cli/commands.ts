/** The command line: what is parsed, shown as usage, completed by a shell, and written into the man page. */
export const OPTIONS = {
  config: { type: 'string', default: process.env.FAROL_CONFIG ?? '/etc/farol/failover.yml' },
  to: { type: 'string' },
  minutes: { type: 'string' },
  for: { type: 'string' },
  name: { type: 'string' },
  confirm: { type: 'string' },
  limit: { type: 'string' },
  since: { type: 'string' },
  follow: { type: 'boolean', default: false },
  admin: { type: 'boolean', default: false },
  erase: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export type OptionName = keyof typeof OPTIONS;

export interface Command {
  readonly name: string;
  /** How it is called, behind the name. */
  readonly synopsis: string;
  readonly options: readonly OptionName[];
  /** What its first word may be. */
  readonly actions?: readonly string[];
  readonly said: string;
  /** It asks the agent of this machine, or shows something, and ends. */
  readonly isOperators: boolean;
}

export const USER_ACTIONS = [
  ...['login', 'list', 'show', 'create', 'password', 'admin', 'lock', 'suspend', 'deactivate'],
  ...['invite', 'logout'],
];

export const COMMANDS: readonly Command[] = [
  {
    name: 'agent',
    synopsis: '',
    options: [],
    said: 'decides who leads, and moves the address (the default)',
    isOperators: false,
  },
  {
    name: 'front',
    synopsis: '',
    options: [],
    said: "takes clients' connections and passes requests to the writer",
    isOperators: false,
  },
  {
    name: 'exporter',
    synopsis: '',
    options: [],
    said: 'answers Prometheus with what agent, server, front and etcd of this site measure',
    isOperators: false,
  },
  {
    name: 'status',
    synopsis: '[--json]',
    options: ['json'],
    said: 'shows all sites as the agent of this one sees them; ends with 0 if all is well, 3 unprotected or going on without etcd, 4 no writes, 5 not known, 1 if no agent answers here',
    isOperators: true,
  },
  {
    name: 'why',
    synopsis: '',
    options: [],
    said: 'says in sentences who leads, and why no other site does; ends as status does',
    isOperators: true,
  },
  {
    name: 'doctor',
    synopsis: '[federation SERVER] [--name NAME] [--json]',
    options: ['name', 'json'],
    actions: ['federation'],
    said: 'walks from the name that clients know to the write, and says of the first thing that is wrong who must do what; ends with 0 if nothing is, 3 if writes are acknowledged all the same, 4 if none are, 5 if that is not known. `doctor federation example.org` walks from this server to that one instead (well-known, SRV, address, certificate, keys, a signed request), for an administrator, who has logged in by `users login`; ends with 0 if it gets there, 3 if not, else as users does',
    isOperators: true,
  },
  {
    name: 'switchover',
    synopsis: '[--to SITE]',
    options: ['to'],
    said: 'moves the leadership, planned',
    isOperators: true,
  },
  {
    name: 'leave',
    synopsis: '',
    options: [],
    said: 'before this machine goes down: moves leadership and address away, and waits until they are; ends with 0 if the machine may go, 1 if no other site takes its place',
    isOperators: true,
  },
  {
    name: 'pause',
    synopsis: '--minutes N',
    options: ['minutes'],
    said: 'no automatic switchover for so long; 0 ends it',
    isOperators: true,
  },
  {
    name: 'maintenance',
    synopsis: 'on|off [--for TIME]',
    options: ['for'],
    actions: ['on', 'off'],
    said: 'the same pause, for TIME (2h unless told; 45m, 1h30m, 24h at most): no site moves by itself at any agent, and what you ask for is done',
    isOperators: true,
  },
  {
    name: 'recover',
    synopsis: '[--to SITE] [--confirm TEXT]',
    options: ['to', 'confirm'],
    said: 'when nobody leads: goes on without sites that are lost for good; shows what would be lost, and has it confirmed',
    isOperators: true,
  },
  {
    name: 'promote',
    synopsis: '[--confirm TEXT] [--json]',
    options: ['confirm', 'json'],
    said: 'of two sites without a witness, where the other is lost for good: shows what would be lost, asks what no machine can know, and lets this one go on alone; as root. Ends with 0 if this site leads, 1 if nothing was done, 3 if etcd goes on here and nobody leads yet (`recover` goes on from there), 4 if that is not known (look before you ask again)',
    isOperators: true,
  },
  {
    name: 'recoveries',
    synopsis: '',
    options: [],
    said: 'lists what was ordered so, by whom, and what it cost',
    isOperators: true,
  },
  {
    name: 'audit',
    synopsis: '[--limit N] [--json]',
    options: ['limit', 'json'],
    said: 'lists what administrators ordered, who and when, the newest first, from the copy of this site; ends with 0 if it was read, 1 if no server or database answers here',
    isOperators: true,
  },
  {
    name: 'users',
    synopsis: 'ACTION [NAME] [--admin] [--erase] [--confirm NAME] [--limit N] [--json]',
    options: ['admin', 'erase', 'confirm', 'limit', 'json'],
    actions: USER_ACTIONS,
    said: 'accounts, by the way of clients: `login NAME` as an administrator, then `list [WORD]`, `show`, `create` (with --admin: an administrator), `password` (sets another), `admin NAME on|off`, `lock NAME on|off`, `suspend NAME on|off`, `deactivate` (for good), `invite` (a token for one account), `logout`. The first administrator is made by `create NAME --admin` where the server is told a registrationSharedSecret. A password is asked for, or is the first line of what is piped in. Ends with 0 if it was done, 3 if the server refused it, 4 if it is not done or that is not known (look before you ask again), 1 if it was not asked',
    isOperators: true,
  },
  {
    name: 'signing-key',
    synopsis: 'show|change [--json]',
    options: ['json'],
    actions: ['show', 'change'],
    said: 'the key by which other homeservers know this one, of all sites together: `change` has another sign from now on, and the one of before stand in `old_verify_keys`, so that what was signed by it stays good. For an administrator, who has logged in by `users login`; ends as users does',
    isOperators: true,
  },
  {
    name: 'logs',
    synopsis: '[--since=TIME] [--follow]',
    options: ['since', 'follow'],
    said: 'shows what etcd, Patroni, PostgreSQL and the programs of Farol at this site have said, in one order: of the last hour, or since TIME in the words of systemd (-2h, yesterday); ends as journalctl does',
    isOperators: true,
  },
  {
    name: 'completion',
    synopsis: '',
    options: [],
    said: 'prints what lets bash complete all this (hosts have it): `eval "$(farol completion)"`',
    isOperators: true,
  },
  {
    name: 'man',
    synopsis: '',
    options: [],
    said: 'prints the man page, which `man farol` shows on hosts: `farol man | man -l -`',
    isOperators: true,
  },
];
