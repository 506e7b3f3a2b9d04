import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';
import { parseAst } from 'vitest/node';

/** The arrows (docs/design.md says why). A folder may import itself, and what stands to its right. */
const ARROWS: Record<string, string[]> = {
  'server/protocol': [],
  'server/storage/search/search-languages.ts': [],
  'server/storage': ['server/storage/search/search-languages.ts', 'server/protocol', 'pg'],
  'server/log': ['server/protocol', 'server/storage', 'pg'],
  'server/aside': [],
  'server/rooms': ['server/aside', 'server/protocol', 'server/log', 'server/storage'],
  'server/accounts': ['server/protocol', 'server/log', 'server/storage', 'bcrypt'],
  'server/delayed-events': ['server/protocol', 'server/log', 'server/storage', 'server/rooms'],
  'server/retention': ['server/protocol', 'server/storage'],
  'server/server-notices': ['server/protocol', 'server/log', 'server/rooms', 'server/accounts'],
  'server/app-services': [
    'server/protocol',
    'server/log',
    'server/storage',
    'server/accounts',
    'undici',
  ],
  'server/ldap': ['server/protocol', 'server/log', 'server/outward', 'ldapts'],
  'server/sign-in': [
    'server/protocol',
    'server/log',
    'server/storage',
    'server/accounts',
    'jose',
    'openid-client',
  ],
  'server/mail': ['server/log', 'server/storage', 'server/outward', 'nodemailer'],
  'server/outward': [],
  'server/federation': [
    'server/protocol',
    'server/log',
    'server/storage',
    'server/outward',
    'undici',
  ],
  'server/encryption': ['server/protocol', 'server/log', 'server/storage'],
  'server/media/thumbnails/picture-program.ts': ['server/aside', 'server/media', 'sharp'],
  'server/media/previews': [
    'server/media',
    'server/protocol',
    'server/log',
    'server/storage',
    'server/outward',
    'undici',
    'htmlparser2',
  ],
  'server/media/stores': [
    'server/media',
    'server/protocol',
    'server/log',
    'server/storage',
    'undici',
  ],
  'server/media/scanning': [
    'server/media',
    'server/protocol',
    'server/log',
    'server/storage',
    'server/outward',
  ],
  'server/media': [
    'server/media/stores',
    'server/media/scanning',
    'server/media/previews',
    'server/aside',
    'server/protocol',
    'server/log',
    'server/storage',
  ],
  'server/sync': [
    'server/protocol',
    'server/log',
    'server/storage',
    'server/rooms',
    'server/accounts',
    'server/encryption',
  ],
  'server/search': [
    'server/protocol',
    'server/log',
    'server/storage/search/search-languages.ts',
    'server/storage',
    'server/rooms',
  ],
  'server/http/linger.ts': [],
  'server/http': [
    'server/http/linger.ts',
    'server/protocol',
    'server/log',
    'express',
    'zod',
    'pino',
    'prom-client',
  ],
  'server/client-api': [
    'server/http',
    'server/protocol',
    'server/log',
    'server/rooms',
    'server/accounts',
    'server/app-services',
    'server/delayed-events',
    'server/encryption',
    'server/federation',
    'server/media/previews',
    'server/media',
    'server/orders',
    'server/search',
    'server/sign-in',
    'server/sync',
    'zod',
  ],
  'server/transactions': [
    'server/protocol',
    'server/log',
    'server/storage',
    'server/rooms',
    'server/encryption',
    'server/sync',
  ],
  'server/federation-api': [
    'server/client-api',
    'server/http',
    'server/protocol',
    'server/rooms',
    'server/accounts',
    'server/encryption',
    'server/federation',
    'server/transactions',
    'zod',
  ],
  'server/orders': ['server/protocol', 'server/log', 'server/storage', 'server/rooms'],
  'server/admin-api': [
    'server/client-api',
    'server/http',
    'server/protocol',
    'server/log',
    'server/rooms',
    'server/media',
    'server/accounts',
    'server/orders',
    'server/federation',
    'server/server-notices',
    'zod',
  ],
  'server/config': [
    'server/protocol',
    'server/storage/search/search-languages.ts',
    'zod',
    'yaml',
    'ldapts',
  ],
  'server/identity': ['server/protocol', 'server/log', 'server/storage'],
  'server/role': [
    'server/log',
    'server/storage',
    'server/config',
    'server/identity',
    'server/metrics',
    'server/http',
    'zod',
    'pino',
    'package.json',
  ],
  'server/metrics': ['prom-client'],
  'failover/core': [],
  'failover/ports.ts': ['failover/core'],
  'failover/agent.ts': [
    'failover/core',
    'failover/ports.ts',
    'failover/deeds.ts',
    'failover/looks.ts',
    'failover/narrate.ts',
    'failover/operators.ts',
    'failover/questions.ts',
  ],
  'failover/deeds.ts': [
    'failover/core',
    'failover/ports.ts',
    'failover/operators.ts',
    'failover/questions.ts',
  ],
  'failover/looks.ts': ['failover/core', 'failover/ports.ts'],
  'failover/narrate.ts': ['failover/core', 'failover/ports.ts'],
  'failover/operators.ts': ['failover/core'],
  'failover/questions.ts': ['failover/core'],
  'failover/sockets.ts': [],
  'failover/changes.ts': [],
  'failover/networks.ts': [],
  'failover/json-socket.ts': [],
  'failover/certificates': ['undici'],
  'failover/adapters/word.ts': [],
  'failover/adapters': [
    'failover/adapters/word.ts',
    'failover/core',
    'failover/certificates',
    'failover/ports.ts',
    'failover/networks.ts',
    'failover/sockets.ts',
    'undici',
    'pg',
    'zod',
    'pino',
  ],
  'failover/promotion': ['failover/core', 'failover/adapters/word.ts', 'failover/adapters'],
  'failover/block': [
    'failover/core',
    'failover/adapters',
    'failover/config',
    'failover/front',
    'failover/json-socket.ts',
    'failover/sockets.ts',
    'zod',
    'pino',
  ],
  'failover/member': ['failover/core', 'failover/adapters/word.ts', 'failover/promotion'],
  'failover/front': [
    'server/http/linger.ts',
    'failover/changes.ts',
    'failover/networks.ts',
    'failover/certificates',
    'failover/sockets.ts',
    'undici',
    'zod',
    'pino',
    'prom-client',
  ],
  'failover/status': [
    'failover/core',
    'failover/ports.ts',
    'failover/changes.ts',
    'failover/json-socket.ts',
    'failover/sockets.ts',
    'undici',
    'zod',
  ],
  'failover/cli/steps.ts': [],
  'failover/cli': ['failover/status', 'failover/sockets.ts', 'undici', 'zod'],
  'failover/exporter': [
    'failover/certificates',
    'failover/sockets.ts',
    'failover/status',
    'undici',
    'prom-client',
  ],
  'failover/doctor': [
    'failover/core',
    'failover/adapters',
    'failover/certificates',
    'failover/cli',
    'failover/cli/steps.ts',
    'failover/status',
    'undici',
    'zod',
    'yaml',
  ],
  'failover/users': ['failover/cli/steps.ts', 'undici', 'zod', 'yaml'],
  'failover/config': ['zod', 'yaml'],
};

/** What builds everything: the only files that may import everything. */
const WIRING = [
  'server/main.ts',
  'server/homeserver.ts',
  'server/feature-ground.ts',
  'server/features.ts',
  'server/house-ports.ts',
  'server/gate.ts',
  'server/mounts.ts',
  'failover/main.ts',
];

const root = join(import.meta.dirname, '..');
/** Of these folders alone: beside them other tests make folders and remove them meanwhile. */
const files = ['server', 'failover']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  )
  .filter(
    (file) => file.endsWith('.ts') && !/\.(test|bench)\.ts$/.test(file) && !WIRING.includes(file),
  );

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/\b(?:from\s+|import\s+|import\()'([^']+)'/g)].map(([, specifier]) => {
    if (!specifier!.startsWith('.')) return specifier!;
    return relative(root, normalize(join(root, dirname(file), specifier!)));
  });
}

const folderOf = (path: string) =>
  Object.keys(ARROWS).find((folder) => path === folder || path.startsWith(`${folder}/`)) ?? path;

test('every file lies in a folder that has its arrows here', () => {
  expect(files.filter((file) => folderOf(file) === file && !(file in ARROWS))).toEqual([]);
});

test('imports follow the arrows', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .map(folderOf)
      .filter((target) => target !== folderOf(file) && !target.startsWith('node:'))
      .filter((target) => !ARROWS[folderOf(file)]?.includes(target))
      .map((target) => `${file} → ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('what any protocol of syncing needs knows of none of them', () => {
  const wrong = files
    .filter((file) => file.startsWith('server/sync/') && file !== 'server/sync/features.ts')
    .filter((file) => !file.startsWith('server/sync/v3/'))
    .filter((file) => importsOf(file).some((target) => target.startsWith('server/sync/v3/')));
  expect(wrong).toEqual([]);
});

/** The rooms of the core, each with those that it may import besides the words: the files of the core itself, and `state`. */
const ROOMS_OF_THE_CORE: Record<string, string[]> = {
  state: [],
  health: [],
  copies: ['health'],
  election: ['copies'],
  moves: ['health', 'copies', 'election', 'failsafe'],
  failsafe: [],
  pulse: ['health', 'copies', 'moves', 'failsafe'],
  fence: ['moves', 'failsafe', 'pulse'],
  alone: ['health', 'moves'],
  lead: ['health', 'moves', 'failsafe', 'pulse', 'fence'],
  address: ['failsafe', 'pulse'],
  recovery: ['health', 'copies', 'election', 'failsafe'],
  told: ['machine.ts', 'copies', 'election', 'moves', 'failsafe', 'pulse', 'fence', 'lead'],
  observe: ['health', 'copies', 'moves', 'failsafe', 'pulse', 'lead', 'address'],
  etcd: ['election'],
  simulation: ['machine.ts', 'health', 'election', 'pulse', 'address', 'recovery', 'etcd', 'told'],
};

test('the rooms of the failover core follow their arrows, and its words need no room', () => {
  const core = 'failover/core/';
  const roomOf = (path: string) => {
    const [first, ...rest] = path.slice(core.length).split('/') as [string, ...string[]];
    return rest.length > 0 || first === 'machine.ts' ? first : 'words';
  };
  const wrong = files
    .filter((file) => file.startsWith(core) && roomOf(file) !== 'machine.ts')
    .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
    .filter(({ target }) => target.startsWith(core))
    .filter(({ file, target }) => {
      const room = roomOf(target);
      const allowed = ['words', 'state', roomOf(file), ...(ROOMS_OF_THE_CORE[roomOf(file)] ?? [])];
      return !allowed.includes(room);
    })
    .map(({ file, target }) => `${file} → ${target}`);
  expect(wrong).toEqual([]);
});

const FOLDERS = ['server', 'failover', 'test', 'patroni-config', 'ansible'];

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
    .filter((file) => !file.includes('node_modules'))
    .map((file) => join(folder, file));

test('a page that the sources cite is in the repository', () => {
  const sources = ['server', 'failover', 'test', 'patroni-config'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|md|yml|py)$/.test(file))
      .map((file) => join(folder, file)),
  );
  const missing = sources.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\b(?:docs\/[\w-]+|[A-Z][A-Z-]+)\.md\b/g)]
      .map(([page]) => page)
      .filter((page) => page !== 'README.md' && !existsSync(join(root, page)))
      .map((page) => `${file} cites ${page}`),
  );
  expect(missing).toEqual([]);
});

test('what a page links to, and each test that it names, is in the repository', () => {
  const all = [...filesIn('.'), ...['docs', ...FOLDERS].flatMap(filesIn)];
  const missing = all
    .filter((file) => file.endsWith('.md'))
    .flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, to]) => to!);
      const tests = [...text.matchAll(/`((?:[\w-]+\/)*[\w-]+\.test\.ts)`/g)].map(([, to]) => to!);
      return [
        ...links.filter((to) => !existsSync(join(root, dirname(page), to))),
        ...tests.filter((to) => !all.some((file) => `/${file}`.endsWith(`/${to}`))),
      ].map((to) => `${page} names ${to}`);
    })
    // What is to be put in its place stands in capitals.
    .filter((line) => !/[A-Z]{4,}\.test\.ts$/.test(line));
  expect(missing).toEqual([]);
});

test('the pure folders reach for nothing of the machine but hashes and signatures', () => {
  const pure = ['server/protocol', 'failover/core'];
  const wrong = files
    .filter((file) => pure.includes(folderOf(file)))
    .flatMap((file) => importsOf(file).map((target) => `${file} → ${target}`))
    .filter((arrow) => / → node:(?!crypto$)/.test(arrow));
  expect(wrong).toEqual([]);
});

test('no stream stands between a file and whoever reads it: it asks for more before it hands over what it has', () => {
  const isStreamed = (file: string) =>
    /\bReadable\.from\(|\.compose\(/.test(readFileSync(join(root, file), 'utf8'));
  const inServer = files.filter((file) => file.startsWith('server/'));
  // Each piece that the mover gives it has a place of its own.
  expect(inServer.filter(isStreamed)).toEqual(['server/media/stores/s3.ts']);
});

test('no files stand in a circle, types included', () => {
  const targets = new Map(files.map((file) => [file, importsOf(file)]));
  const reaches = (file: string): Set<string> => {
    const found = new Set<string>();
    const todo = [...(targets.get(file) ?? [])];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      todo.push(...(targets.get(next) ?? []));
    }
    return found;
  };
  const circular = files.filter((file) => reaches(file).has(file));
  expect(circular).toEqual([]);
});

const LINES_MAX = 70;

test('no function has more than 70 lines', () => {
  const programs = ['server', 'failover', 'test', 'patroni-config'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => join(folder, file)),
  );
  const long = programs.flatMap((file) =>
    longFunctions(readFileSync(join(root, file), 'utf8')).map((name) => `${file}: ${name}`),
  );
  expect(long).toEqual([]);
});

/** By their names, or those of what they are a part of. */
function longFunctions(text: string): string[] {
  if (linesOf(text) <= LINES_MAX) return [];
  const found: string[] = [];
  const look = (node: unknown, name: string) => {
    if (Array.isArray(node)) for (const each of node) look(each, name);
    if (!isNode(node)) return;
    const own = node.id?.name ?? node.key?.name ?? name;
    const isLong = linesOf(text.slice(node.start, node.end)) > LINES_MAX;
    if (!isLong) return;
    if (/Function/.test(node.type) && node.body) found.push(own);
    for (const part of Object.values(node)) look(part, own);
  };
  look(parseAst(text, { lang: 'ts' }).body, '');
  return found;
}

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly id?: { readonly name?: string } | null;
  readonly key?: { readonly name?: string };
  readonly body?: unknown;
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value;

const linesOf = (text: string): number => text.trimEnd().split('\n').length;
