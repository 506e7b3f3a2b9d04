import { isIP } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { buildConnector, Client } from 'undici';
import type { AddressGuard } from '../../outward/address-guard.ts';
import { type WebBounds, webAddress } from './web-address.ts';

export interface WebPorts {
  readonly guard: AddressGuard;
  readonly bounds: WebBounds;
  /** Of pages that are there in several: `pt-BR, en`. */
  readonly languages: string;
}

/** What stands at a URL. */
export interface Found {
  /** Where redirects have led. */
  readonly url: URL;
  readonly contentType: string;
  /** As it was before it was compressed, and may be without end. */
  readonly body: AsyncIterable<Buffer>;
}

/** Nothing is there, or nothing that could be read. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}

const REDIRECTS_MAX = 5;
const CONNECTS_WITHIN_MS = 5_000;
const HEAD_BYTES_MAX = 16_384;

/** Other people's sites, which a link in a room leads to: asked as a stranger asks, over a connection of its own each time. */
export class Web {
  readonly #ports: WebPorts;

  constructor(ports: WebPorts) {
    this.#ports = ports;
  }

  /** Throws what a client is to be told where it may not be asked for. */
  admit(text: string, base?: URL): URL {
    return webAddress(text, this.#ports.bounds, base);
  }

  /** Takes what is there. `take` reads as much as it wants of it; the connection ends with it. */
  async get<T>(url: URL, signal: AbortSignal, take: (found: Found) => Promise<T>): Promise<T> {
    let at = url;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
      const answer = await this.#ask(at, signal, take);
      if (!('leadsTo' in answer)) return answer.taken;
      at = this.admit(answer.leadsTo, at);
    }
    throw new NotFound('It is redirected without end');
  }

  async #ask<T>(url: URL, signal: AbortSignal, take: (found: Found) => Promise<T>) {
    const client = this.#clientOf(url);
    try {
      const { statusCode, headers, body } = await client.request({
        ...{ method: 'GET', path: `${url.pathname}${url.search}`, signal },
        headers: { ...HEADERS, 'accept-language': this.#ports.languages },
      });
      body.on('error', () => {});
      const location = only(headers.location);
      if (statusCode >= 300 && statusCode < 400 && location) return { leadsTo: location };
      if (statusCode < 200 || statusCode > 299) throw new NotFound(`It answers ${statusCode}`);
      const contentType = only(headers['content-type']) ?? '';
      const plain = decompressed(body, only(headers['content-encoding']));
      return { taken: await take({ url, contentType, body: plain }) };
    } finally {
      await client.destroy();
    }
  }

  #clientOf(url: URL): Client {
    return new Client(url.origin, {
      ...{ maxHeaderSize: HEAD_BYTES_MAX, headersTimeout: 0, bodyTimeout: 0 },
      connect: this.#connector(),
    });
  }

  /** No name is looked up where there is an address, so the guard is asked here, too; and of what there is a connection to. */
  #connector(): buildConnector.connector {
    const { guard } = this.#ports;
    const connect = buildConnector({
      ...{ timeout: CONNECTS_WITHIN_MS, allowH2: false, lookup: guard.lookup },
    } as buildConnector.BuildOptions);
    return (options, callback) => {
      const host = options.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0 && guard.refuses(host)) return callback(guard.refusal(host), null);
      connect(options, (error, socket) => {
        if (error) return callback(error, null);
        if (!guard.refuses(socket.remoteAddress ?? '')) return callback(null, socket);
        socket.destroy();
        callback(guard.refusal(host), null);
      });
    };
  }
}

/** Without anything of the user who asks. */
const HEADERS = {
  'user-agent': 'Farol (bot; previews of links for a Matrix homeserver)',
  accept: 'text/html, application/xhtml+xml, image/*;q=0.8, */*;q=0.5',
  'accept-encoding': 'gzip, br',
};

const only = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

function decompressed(body: Readable, encoding = 'identity'): Readable {
  const name = encoding.trim().toLowerCase();
  if (name === 'identity' || name === '') return body;
  const decompress = DECOMPRESSORS[name];
  if (!decompress) throw new NotFound('It is encoded in a way that was not asked for');
  // What goes wrong is seen by whoever reads.
  return pipeline(body, decompress(), () => {});
}

const DECOMPRESSORS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  br: createBrotliDecompress,
};
