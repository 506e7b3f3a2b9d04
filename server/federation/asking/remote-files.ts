import { ForAWhile } from '../../log/for-a-while.ts';
import { parseServerName, type ServerName } from '../../protocol/identifiers.ts';
import { badGateway, MatrixError, notFound } from '../../protocol/matrix-error.ts';
import { type FederationClient, ServerUnreachable, wasLate } from '../federation-client.ts';
import { type Reach, type Told, TooLong, Unusable } from '../reach.ts';
import { secondPart } from './two-parts.ts';

export interface RemoteFile {
  readonly contentType: string;
  readonly fileName: string | null;
  readonly bytes: Buffer;
}

interface RemoteFilePorts {
  readonly client: Pick<FederationClient, 'askForBytes'>;
  readonly reach: Pick<Reach, 'ask'>;
  readonly now: () => number;
}

interface Wish {
  readonly serverName: string;
  readonly mediaId: string;
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

/** Beyond what the other server waits for an upload. */
const PASSES_WITHIN_MS = 10_000;
/** Of what is around the file. */
const FRAME_BYTES_MAX = 65_536;
const SILENT_MS = 60_000;
const SILENT_KEPT_MAX = 10_000;

/** Files of other servers (server-server API, "Content Repository"), each whole in memory. */
export class RemoteFiles {
  readonly #ports: RemoteFilePorts;
  readonly #silent: ForAWhile<ServerName>;
  /** Those of whom a file was waited for in vain, and that have said nothing since. */
  readonly #late: ForAWhile<ServerName>;

  constructor(ports: RemoteFilePorts) {
    this.#ports = ports;
    this.#silent = new ForAWhile(SILENT_KEPT_MAX, ports.now);
    this.#late = new ForAWhile(SILENT_KEPT_MAX, ports.now);
  }

  /** Throws what a client is to be told. */
  async fetch(wish: Wish): Promise<RemoteFile> {
    const server = parseServerName(wish.serverName);
    if (!server.ok) throw notFound('There is no such media');
    const name = server.value;
    if (this.#silent.has(name)) throw badGateway(`${name} did not answer a moment ago`);
    const isAgain = this.#late.has(name);
    try {
      const file = await this.#asked(name, wish);
      this.#late.forget(name);
      return file;
    } catch (error) {
      if (error instanceof ServerUnreachable) throw this.#unreached(name, error, isAgain);
      this.#late.forget(name);
      throw error;
    }
  }

  /**
   * That one file does not come says nothing of the others: it may be large, its line slow, or somebody may have chosen it for
   * that. So a server is silent where no connection came about, or behind two files of which nothing came, one asked for behind the other.
   */
  #unreached(server: ServerName, error: ServerUnreachable, isAgain: boolean): MatrixError {
    if (error.cause instanceof Unusable) this.#late.forget(server);
    else if (wasLate(error) && !(isAgain && this.#late.has(server)))
      this.#late.add(server, SILENT_MS);
    else this.#silent.add(server, SILENT_MS);
    return error.cause instanceof TooLong ? tooLarge() : badGateway(error.message, error);
  }

  async #asked(server: ServerName, wish: Wish): Promise<RemoteFile> {
    const { mediaId, timeoutMs, bytesMax } = wish;
    const media = encodeURIComponent(mediaId);
    const ask = (path: string, isSigned: boolean) =>
      this.#ports.client.askForBytes(server, {
        ...{ method: 'GET', path, isSigned, bytesMax: bytesMax + FRAME_BYTES_MAX },
        answersWithinMs: timeoutMs + PASSES_WITHIN_MS,
      });
    const path = `/_matrix/federation/v1/media/download/${media}?timeout_ms=${timeoutMs}`;
    const told = await ask(path, true);
    if (told.status === 200) return this.#second(server, told, wish);
    if (!isUnknownEndpoint(told)) throw refusalOf(server, told);
    // From before servers signed for files (v1.11).
    const old = `/_matrix/media/v3/download/${server}/${media}?allow_remote=false&timeout_ms=${timeoutMs}`;
    const file = await ask(old, false);
    if (file.status !== 200) throw refusalOf(server, file);
    return fileOf(file.headers, file.body, bytesMax);
  }

  async #second(server: ServerName, told: Told, { bytesMax }: Wish): Promise<RemoteFile> {
    const part = secondPart(told);
    if (!part) throw badGateway(`${server} answers nothing in two parts`);
    const said = Object.fromEntries(part.headers);
    if (said.location === undefined) return fileOf(said, part.body, bytesMax);
    const file = await this.#at(said.location, bytesMax);
    return fileOf({ ...said, ...file.headers }, file.body, bytesMax);
  }

  /** Elsewhere, by TLS: another server says where, so no private network is reached by it. */
  async #at(location: string, bytesMax: number): Promise<Told> {
    const url = URL.canParse(location) ? new URL(location) : undefined;
    if (url?.protocol !== 'https:') throw badGateway('The file lies where it cannot be fetched');
    const host = url.hostname.replaceAll(/^\[|\]$/g, '');
    const way = {
      targets: [{ host, port: Number(url.port || 443) }],
      ...{ hostHeader: url.host, certifiedName: host },
    };
    const signal = AbortSignal.timeout(PASSES_WITHIN_MS);
    const path = `${url.pathname}${url.search}`;
    const asked = { method: 'GET', path, headers: {}, signal, bytesMax } as const;
    const told = await this.#ports.reach.ask(way, asked).catch((cause: unknown) => {
      if (cause instanceof TooLong) throw tooLarge();
      throw badGateway(`The file cannot be fetched from ${url.host}`, cause);
    });
    if (told.status !== 200) throw badGateway(`${url.host} answers ${told.status}`);
    return told;
  }
}

function fileOf(
  headers: Told['headers'] | Readonly<Record<string, string>>,
  bytes: Buffer,
  bytesMax: number,
): RemoteFile {
  if (bytes.length > bytesMax) throw tooLarge();
  return {
    bytes,
    contentType: textIn(headers['content-type']) ?? 'application/octet-stream',
    fileName: fileNameIn(textIn(headers['content-disposition']) ?? ''),
  };
}

const textIn = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : header?.[0];

/** RFC 6266: in UTF-8 where it is there in both forms. */
function fileNameIn(disposition: string): string | null {
  const encoded = /;\s*filename\*=utf-8''([^\s;]+)/i.exec(disposition)?.[1];
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return null;
    }
  }
  const [, quoted, plain] =
    /;\s*filename=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(disposition) ?? [];
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? null;
}

const errcodeIn = ({ body }: Told): string | undefined =>
  /"errcode"\s*:\s*"(\w{1,100})"/.exec(body.toString('utf8', 0, 1_000))?.[1];

const isUnknownEndpoint = (told: Told): boolean =>
  (told.status === 404 || told.status === 405) && errcodeIn(told) === 'M_UNRECOGNIZED';

function refusalOf(server: ServerName, told: Told): MatrixError {
  if (told.status === 404) return notFound('There is no such media');
  if (told.status === 403)
    return new MatrixError(403, 'M_FORBIDDEN', `${server} does not give this file`);
  if (told.status === 504 && errcodeIn(told) === 'M_NOT_YET_UPLOADED')
    return new MatrixError(504, 'M_NOT_YET_UPLOADED', 'It has not been uploaded yet');
  if (told.status === 413) return tooLarge();
  return badGateway(`${server} answers ${told.status}`);
}

const tooLarge = () =>
  new MatrixError(502, 'M_TOO_LARGE', 'The file is too large to be fetched from another server');
