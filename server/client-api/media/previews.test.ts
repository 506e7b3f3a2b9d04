import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type ApiOptions, startApi } from '../../../test/support/api-server.ts';
import type { PreviewSettings } from '../../media/previews/features.ts';

test('a link is shown with what its page says of itself, and its picture comes from us', async () => {
  const picture = await drawn(48, 24);
  await using site = await startSite({
    '/page': html(`<head><meta property="og:title" content="A &amp; B">
      <meta property="og:description" content="What it is about"><meta property="og:type" content="article">
      <meta property="og:image" content="/picture.png"></head>`),
    '/picture.png': (_request, response) => response.end(picture),
  });
  await using person = await someone(site);
  const { status, body } = await person.preview(`${site.url}/page`);
  expect(status).toBe(200);
  const { 'og:image': mxc, ...rest } = body;
  expect(rest).toEqual({
    ...{ 'og:title': 'A & B', 'og:description': 'What it is about', 'og:type': 'article' },
    ...{ 'og:image:type': 'image/png', 'og:image:width': 48, 'og:image:height': 24 },
    'matrix:image:size': picture.length,
  });
  expect(mxc).toMatch(/^mxc:\/\/example\.org\/preview-[\w-]{43}$/);
  const shown = await person.media('download', mxc);
  expect([shown.status, shown.headers.get('content-type')]).toEqual([200, 'image/png']);
  expect(shown.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'; /);
  expect(shown.body.equals(picture)).toBe(true);
  const small = await person.media('thumbnail', mxc, '?width=32&height=32');
  expect((await sharp(small.body).metadata()).width).toBe(32);
  const { count } = (
    await person.api.fresh.database.query<{ count: number }>(
      'media',
      'SELECT count(*)::int AS count FROM media',
    )
  )[0]!;
  expect(count).toBe(0);
});

test('both paths give the same, and none without a token', async () => {
  await using site = await startSite({ '/': html('<title>Here</title>') });
  await using person = await someone(site);
  const url = encodeURIComponent(`${site.url}/`);
  for (const path of ['client/v1/media', 'media/v3', 'media/r0']) {
    const at = `GET /_matrix/${path}/preview_url?url=${url}&ts=1510610716656`;
    expect(await person.api.ask(at, { token: person.token })).toEqual({
      status: 200,
      body: { 'og:title': 'Here' },
    });
    expect((await person.api.ask(at)).status).toBe(401);
  }
});

test('where the operator wants none they are unrecognized, and no site is asked', async () => {
  await using site = await startSite({ '/': html('<title>Here</title>') });
  await using person = await someone(site, { urlPreviews: undefined });
  const reply = await person.preview(`${site.url}/`);
  expect([reply.status, reply.body.errcode]).toEqual([404, 'M_UNRECOGNIZED']);
  expect(site.asked).toEqual([]);
});

test.each<[string, string, string, object]>([
  [
    'its title and its beginning',
    '<title> A\n title </title><body><nav>Menu</nav><p>It <b>be</b>gins.</p><script>no()</script><p>And goes on',
    '',
    { 'og:title': 'A title', 'og:description': 'It begins. And goes on' },
  ],
  ['its heading', '<body><h1>Heading</h1>', '', { 'og:title': 'Heading' }],
  [
    'what it says for a card',
    '<meta name="twitter:title" content="Card"><meta name="description" content="D">',
    '',
    { 'og:title': 'Card', 'og:description': 'D' },
  ],
  [
    'letters as its header has them',
    '<title>\xe1\xe9</title>',
    '; charset=iso-8859-1',
    { 'og:title': 'áé' },
  ],
  [
    'letters as it says itself',
    '<meta charset="shift_jis"><title>\x83\x65\x83\x58\x83\x67</title>',
    '',
    { 'og:title': 'テスト' },
  ],
  [
    'letters of a charset that nobody knows',
    '<meta charset="nonsense"><title>Plain</title>',
    '; charset=also-none',
    { 'og:title': 'Plain' },
  ],
  [
    'nothing that leads to a script',
    '<title>T</title><meta property="og:url" content="javascript:alert(1)"><meta property="og:video" content="data:text/html,x">',
    '',
    { 'og:title': 'T' },
  ],
  [
    'no title of a drawing',
    '<body><svg><title>Icon</title></svg><h1>Page</h1>',
    '',
    { 'og:title': 'Page' },
  ],
  ['nothing of what is empty', '', '', {}],
])('a page is shown with %s', async (_what, page, charset, shown) => {
  await using site = await startSite({
    '/': (_request, response) =>
      response.setHeader('content-type', `text/html${charset}`).end(Buffer.from(page, 'latin1')),
  });
  await using person = await someone(site);
  expect((await person.preview(`${site.url}/`)).body).toEqual(shown);
});

test.each(['json', 'xml'])(
  'what a page does not say is asked for by oEmbed as %s',
  async (kind) => {
    const answers = {
      json: JSON.stringify({ type: 'video', title: 'A film', provider_name: 'Films', html: '<b>' }),
      xml: '<?xml version="1.0"?><oembed><title>A film</title><provider_name>Films</provider_name></oembed>',
    };
    const type = { json: 'application/json', xml: 'text/xml' }[kind]!;
    await using site = await startSite({
      '/': html(`<link rel="alternate" type="${type}+oembed" href="/oembed"><p>Text`),
      '/oembed': (_request, response) =>
        response.setHeader('content-type', type).end(answers[kind as 'json' | 'xml']),
    });
    await using person = await someone(site);
    expect((await person.preview(`${site.url}/`)).body).toEqual({
      ...{ 'og:title': 'A film', 'og:site_name': 'Films', 'og:description': 'Text' },
    });
  },
);

test('a link to a picture shows the picture', async () => {
  const picture = await drawn(20, 10);
  await using site = await startSite({
    '/it': (_request, response) => response.setHeader('content-type', 'image/png').end(picture),
  });
  await using person = await someone(site);
  const { body } = await person.preview(`${site.url}/it`);
  expect(body).toMatchObject({ 'og:image:width': 20, 'matrix:image:size': picture.length });
});

test.each<[string, number, string]>([
  ['javascript:alert(1)', 400, 'M_INVALID_PARAM'],
  ['file:///etc/passwd', 400, 'M_INVALID_PARAM'],
  ['data:text/html,<title>x</title>', 400, 'M_INVALID_PARAM'],
  ['nothing', 400, 'M_INVALID_PARAM'],
  ['', 400, 'M_INVALID_PARAM'],
  ['http://user:password@SITE/', 400, 'M_INVALID_PARAM'],
  ['http://user@SITE/', 400, 'M_INVALID_PARAM'],
  [`http://SITE/${'x'.repeat(3_000)}`, 400, 'M_INVALID_PARAM'],
  ['http://example.test:22/', 403, 'M_FORBIDDEN'],
  ['http://denied.test/', 403, 'M_FORBIDDEN'],
  ['http://below.DENIED.test./', 403, 'M_FORBIDDEN'],
  ['http://SITE/gone', 404, 'M_NOT_FOUND'],
  ['http://SITE/broken', 404, 'M_NOT_FOUND'],
  ['http://SITE/loop', 404, 'M_NOT_FOUND'],
  ['http://SITE/elsewhere', 400, 'M_INVALID_PARAM'],
  ['http://SITE/no-answer', 404, 'M_NOT_FOUND'],
])('%s is refused with %i %s', async (url, status, errcode) => {
  await using site = await startSite({
    '/gone': (_request, response) => response.writeHead(404).end('<title>Gone</title>'),
    '/broken': (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'zip' }).end('x'),
    '/loop': (_request, response) => response.writeHead(302, { location: '/loop' }).end(),
    '/elsewhere': (_request, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/no-answer': (request) => request.socket.destroy(),
  });
  const ports = [...site.settings.ports, 80];
  await using person = await someone(site, {
    urlPreviews: { ...site.settings, ports, denyHosts: ['denied.test'] },
  });
  for (const _time of ['first', 'again']) {
    const reply = await person.preview(
      url
        .replace('http://SITE', site.url)
        .replace('user@SITE', `user@${site.host}`)
        .replace('password@SITE', `password@${site.host}`),
    );
    expect([reply.status, reply.body.errcode]).toEqual([status, errcode]);
  }
  expect(site.asked.filter((path) => path === '/gone').length).toBeLessThanOrEqual(1);
});

test('what is no page has a preview that says nothing', async () => {
  await using site = await startSite({
    '/text': (_request, response) =>
      response.setHeader('content-type', 'text/plain').end('<title>x</title>'),
    '/nothing': (_request, response) => response.writeHead(204).end(),
    '/svg': (_request, response) =>
      response
        .setHeader('content-type', 'image/svg+xml')
        .end('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  });
  await using person = await someone(site);
  for (const path of ['/text', '/nothing', '/svg'])
    expect(await person.preview(site.url + path)).toEqual({ status: 200, body: {} });
});

test('of a page without end, or a bomb, the beginning is read and the connection ended', async () => {
  const ended: string[] = [];
  const written: Record<string, number> = {};
  const endless =
    (path: string, type: string, more: Buffer, first: Buffer | string = ''): RequestListener =>
    (_request, response) => {
      response.on('close', () => ended.push(path));
      response.setHeader('content-type', type);
      if (path.includes('gzip')) response.setHeader('content-encoding', 'gzip');
      response.write(first);
      const write = () => {
        do written[path] = (written[path] ?? 0) + more.length;
        while (!response.destroyed && response.write(more));
      };
      response.on('drain', write);
      write();
    };
  const title = '<title>Long</title><meta property="og:image" content="/picture">';
  await using site = await startSite({
    '/page': endless('/page', 'text/html', Buffer.alloc(65_536, '<!-- x -->'), title),
    '/gzip': endless(
      '/gzip',
      'text/html',
      gzipSync(Buffer.alloc(50_000_000, ' ')),
      gzipSync(title),
    ),
    '/picture': endless('/picture', 'image/png', Buffer.alloc(65_536)),
  });
  await using person = await someone(site);
  for (const path of ['/page', '/gzip'])
    expect((await person.preview(site.url + path)).body).toEqual({ 'og:title': 'Long' });
  expect((await person.preview(`${site.url}/picture`)).body).toEqual({});
  await expect.poll(() => new Set(ended)).toEqual(new Set(['/page', '/gzip', '/picture']));
  // With what lies in the buffers on the way.
  for (const path of ended) expect([path, written[path]! < 32_000_000]).toEqual([path, true]);
});

test('a title of a megabyte is told in part, and so is a page of nothing but open elements', async () => {
  await using site = await startSite({
    '/long': html(`<title>${'x'.repeat(1_000_000)}</title>`),
    '/deep': html(`<title>Deep</title>${'<div>'.repeat(300_000)}${'</p>'.repeat(100_000)}`),
  });
  await using person = await someone(site);
  expect((await person.preview(`${site.url}/long`)).body['og:title']).toBe('x'.repeat(1_000));
  expect((await person.preview(`${site.url}/deep`)).body).toEqual({ 'og:title': 'Deep' });
});

test('a picture of 50,000 x 50,000 is left out, and one behind a private address, or none', async () => {
  await using site = await startSite({
    '/large': html('<title>T</title><meta property="og:image" content="/png">'),
    '/private': html('<title>T</title><meta property="og:image" content="http://10.0.0.1/x.png">'),
    '/data': html(
      '<title>T</title><meta property="og:image" content="data:image/png;base64,AAAA">',
    ),
    '/none': html('<title>T</title><meta property="og:image" content="/gone">'),
    '/png': (_request, response) => response.end(pngHeader(50_000, 50_000)),
  });
  await using person = await someone(site);
  for (const path of ['/large', '/private', '/data', '/none'])
    expect(await person.preview(site.url + path)).toEqual({
      status: 200,
      body: { 'og:title': 'T' },
    });
});

test('no private address is reached: by name, by number, behind a redirect, or where a name leads later', async () => {
  await using site = await startSite({ '/': html('<title>Secret</title>') });
  let looked = 0;
  const addresses = ['127.0.0.1', '10.0.0.1', '::1', '::ffff:127.0.0.1', '0.0.0.0'];
  const urlPreviews: PreviewSettings = {
    ...site.settings,
    allowNetworks: [],
    resolve: async () => [{ address: addresses[looked++ % addresses.length]!, family: 4 }],
  };
  await using person = await someone(site, { urlPreviews });
  const { port } = site;
  const hosts = ['site.test', 'again.test', 'six.test', 'mapped.test', 'nothing.test'];
  const literals = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '169.254.169.254',
    '100.64.0.1',
    '[fe80::1]',
    '[::]',
    'localhost',
  ];
  for (const host of [...hosts, ...literals]) {
    const reply = await person.preview(`http://${host}:${port}/`);
    expect([host, reply.status, reply.body.errcode]).toEqual([host, 404, 'M_NOT_FOUND']);
  }
  expect(site.connections()).toBe(0);
});

test('a redirect to a private address is not followed, though the first one is let', async () => {
  await using inner = await startSite({ '/': html('<title>Secret</title>') });
  await using site = await startSite({
    '/': (_request, response) =>
      response.writeHead(302, { location: `http://127.0.0.9:${inner.port}/` }).end(),
    '/name': (_request, response) =>
      response.writeHead(307, { location: `http://inner.test:${inner.port}/` }).end(),
    '/twice': (_request, response) => response.writeHead(302, { location: '/end' }).end(),
    '/end': html('<title>End</title>'),
  });
  const urlPreviews: PreviewSettings = {
    ...site.settings,
    ports: [site.port, inner.port],
    allowNetworks: ['127.0.0.1/32'],
    resolve: async (host) => [
      { address: host === 'inner.test' ? '127.0.0.2' : '127.0.0.1', family: 4 },
    ],
  };
  await using person = await someone(site, { urlPreviews });
  for (const path of ['/', '/name'])
    expect((await person.preview(site.url + path)).body.errcode).toBe('M_NOT_FOUND');
  expect((await person.preview(`${site.url}/twice`)).body).toEqual({ 'og:title': 'End' });
  expect(inner.connections()).toBe(0);
});

test('only hosts that are allowed are asked, under any of their writings', async () => {
  await using site = await startSite({ '/': html('<title>Here</title>') });
  const urlPreviews = { ...site.settings, allowHosts: ['site.test', 'xn--bcher-kva.test'] };
  await using person = await someone(site, { urlPreviews });
  const status = async (host: string) =>
    (await person.preview(`http://${host}:${site.port}/`)).status;
  for (const host of ['site.test', 'SITE.test.', 'below.site.test', 'bücher.test'])
    expect([host, await status(host)]).toEqual([host, 200]);
  for (const host of ['other.test', 'offsite.test', 'test'])
    expect([host, await status(host)]).toEqual([host, 403]);
});

test('what many ask for at once is fetched once, and again only when its life is over or its picture gone', async () => {
  const picture = await drawn(10, 10);
  await using site = await startSite({
    '/': html('<title>T</title><meta property="og:image" content="/p">'),
    '/p': (_request, response) => response.end(picture),
  });
  await using person = await someone(site);
  const others = await Promise.all([...'abc'].map((name) => person.api.register(name)));
  const urls = Array.from({ length: 100 }, (_, at) => `${site.url}/#${at}`);
  const all = await Promise.all(urls.map((url, at) => person.preview(url, others[at % 3])));
  expect(new Set(all.map(({ body }) => body['og:image'])).size).toBe(1);
  expect(site.asked).toEqual(['/', '/p']);
  for (const name of readdirSync(person.folder)) rmSync(join(person.folder, name));
  expect((await person.preview(`${site.url}/`)).body['og:title']).toBe('T');
  expect(site.asked).toEqual(['/', '/p', '/', '/p']);
  person.api.clock.ms += 3_600_001;
  await person.preview(`${site.url}/`);
  expect(site.asked.length).toBe(6);
});

test('another site makes the same picture anew, under the id that was told', async () => {
  const picture = await drawn(10, 10);
  await using site = await startSite({
    '/': html('<meta property="og:image" content="/p">'),
    '/p': (_request, response) => response.end(picture),
  });
  await using person = await someone(site);
  const { 'og:image': mxc } = (await person.preview(`${site.url}/`)).body;
  await using next = await someone(site, { fresh: person.api.fresh });
  expect((await next.media('download', mxc, '', person.token)).status).toBe(404);
  expect((await next.preview(`${site.url}/`, person.token)).body['og:image']).toBe(mxc);
  expect((await next.media('download', mxc, '', person.token)).body.equals(picture)).toBe(true);
});

test('whoever asks for too many is told when to come again, and others are not', async () => {
  await using site = await startSite({ '/': html('<title>T</title>') });
  await using person = await someone(site, { rates: { preview: { perSecond: 0.001, burst: 2 } } });
  const other = await person.api.register('other');
  const ask = async (token?: string) => (await person.preview(`${site.url}/`, token)).status;
  expect([await ask(), await ask(), await ask(), await ask(other)]).toEqual([200, 200, 429, 200]);
});

test('one who asks for pages that never answer keeps nobody else from theirs', async () => {
  await using site = await startSite({ '/': html('<title>T</title>'), '/never': () => {} });
  await using person = await someone(site);
  const other = await person.api.register('other');
  const gone = new AbortController();
  const never = Array.from({ length: 30 }, (_, at) =>
    person.preview(`${site.url}/never?${at}`, person.token, gone.signal).catch(() => undefined),
  );
  await expect.poll(() => site.asked.length).toBe(4);
  expect((await person.preview(`${site.url}/`, other)).body).toEqual({ 'og:title': 'T' });
  expect(site.asked.length).toBe(5);
  gone.abort();
  await Promise.all(never);
});

interface Site extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly settings: PreviewSettings;
  /** What it was asked for, in order. */
  readonly asked: string[];
  /** How many there were, asked or not. */
  connections(): number;
}

/** A site of this machine, to which all names lead. */
async function startSite(pages: Readonly<Record<string, RequestListener>>): Promise<Site> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    const page = pages[request.url!.split('?')[0]!];
    if (page) page(request, response);
    else response.writeHead(404).end();
  });
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://site.test:${port}`, host: `site.test:${port}`, port, asked },
    connections: () => connections,
    settings: {
      ...{ allowHosts: undefined, denyHosts: [], ports: [port], languages: 'en' },
      allowNetworks: ['127.0.0.0/8'],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const html =
  (page: string): RequestListener =>
  (_request, response) =>
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page);

async function someone(site: Site, options: ApiOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'previews-'));
  const mediaCache = { folder, bytesMax: 100_000_000 };
  const api = await startApi({ urlPreviews: site.settings, mediaCache, ...options });
  const token = options.fresh ? '' : await api.register('someone');
  return {
    ...{ api, token, folder },
    async preview(url: string, as = token, signal: AbortSignal | null = null) {
      const query = `?url=${encodeURIComponent(url)}`;
      const reply = await fetch(`${api.origin}/_matrix/client/v1/media/preview_url${query}`, {
        headers: { authorization: `Bearer ${as}` },
        signal,
      });
      return { status: reply.status, body: (await reply.json()) as Record<string, string> };
    },
    async media(kind: string, mxc: string | undefined, query = '', as = token) {
      const reply = await fetch(
        `${api.origin}/_matrix/client/v1/media/${kind}/${mxc!.slice('mxc://'.length)}${query}`,
        { headers: { authorization: `Bearer ${as}` } },
      );
      const { status, headers } = reply;
      return { status, headers, body: Buffer.from(await reply.arrayBuffer()) };
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const drawn = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#d04010' } })
    .png()
    .toBuffer();

/** The beginning of a PNG, as far as its size is told. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.from(
    '89504e470d0a1a0a0000000d494844520000000000000000080200000000000000',
    'hex',
  );
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return header;
}
