import { registerHooks } from 'node:module';

/** The server with faults: the bound on depth is gone for all, and there are endpoints with each another. */
const BOUND = 'JSON_DEPTH_MAX = 200';

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith('/server/http/body/json.ts')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(BOUND)) throw new Error(`${url} has no ${BOUND} any more to take away`);
    return { ...loaded, source: source.replace(BOUND, 'JSON_DEPTH_MAX = Infinity') };
  },
});

const [
  { buildServing },
  { mountsOf },
  { mounted },
  { runProgram },
  { default: pino },
  { PLANTED, PREFIX },
] = await Promise.all([
  import('../../../server/homeserver.ts'),
  import('../../../server/mounts.ts'),
  import('../../support/mounted.ts'),
  import('../../../server/role/process.ts'),
  import('pino'),
  import('./endpoints.ts'),
]);

await runProgram({
  sources: { options: process.argv.slice(2), environment: process.env },
  build: (ground) =>
    buildServing(
      [
        ...mountsOf({ adminApi: true }),
        ...mounted(
          PLANTED.map(({ endpoint }) => endpoint),
          PREFIX,
        ),
      ],
      ground,
    ),
  makeLogger: () => pino({ level: 'silent' }),
  say: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`${text}\n`),
  exit: (code) => process.exit(code),
});
