import { FairTurns } from '../../log/fair-turns.ts';
import { Lru } from '../../log/lru.ts';
import { within } from '../../outward/within.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError, notFound } from '../../protocol/matrix-error.ts';
import type { Measured } from '../thumbnails/picture-messages.ts';
import { SharedTurns } from '../turns/shared-turns.ts';
import { oEmbedIn } from './oembed.ts';
import { both, openGraphOf, openGraphOfOEmbed, type Told } from './open-graph.ts';
import { PageDecoder } from './page-decoder.ts';
import { PageReader } from './page-reader.ts';
import type { PreviewPictures } from './pictures.ts';
import type { Found, Web } from './web.ts';

export interface PreviewPorts {
  readonly serverName: ServerName;
  readonly web: Pick<Web, 'admit' | 'get'>;
  readonly pictures: Pick<PreviewPictures, 'keep' | 'has'>;
  /** Until the signal. */
  readonly measured: (
    picture: Buffer,
    who: string,
    signal: AbortSignal,
  ) => Promise<Measured | undefined>;
  /** Whether a scanner lets it be shown. */
  readonly mayShow: (picture: Buffer, who: string, signal: AbortSignal) => Promise<boolean>;
  readonly now: () => number;
}

export interface PreviewBounds {
  /** For the page and all that belongs to it. */
  readonly withinMs: number;
  /** For the page alone. */
  readonly pageWithinMs: number;
  readonly turns: ConstructorParameters<typeof FairTurns>[0];
}

const BOUNDS: PreviewBounds = {
  withinMs: 15_000,
  pageWithinMs: 10_000,
  turns: { atOnce: 12, atOnceOfOne: 4, keptForOthers: 6, waiting: 1_000, waitingOfOne: 60 },
};

const PAGE_BYTES_MAX = 2 * 1024 * 1024;
const OEMBED_BYTES_MAX = 256 * 1024;
const PICTURE_BYTES_MAX = 4 * 1024 * 1024;
const WRITE_LENGTH = 16_384;

const LIFE_MS = 3_600_000;
/** Of what is not there, or only its picture: it may be at once, but a room of many asks for it many times. */
const NONE_LIFE_MS = 300_000;
const KNOWN_LENGTH_MAX = 8 * 1024 * 1024;

type Known = { readonly untilMs: number } & (
  | { readonly kind: 'preview'; readonly preview: Preview }
  | { readonly kind: 'none'; readonly why: MatrixError }
);

interface Preview {
  readonly json: JsonObject;
  /** Of its picture. */
  readonly mediaId: string | undefined;
  /** One is there, and could not be had: perhaps since whoever asked first had too much else to be drawn. */
  readonly lacksPicture: boolean;
}

/** What links lead to, in a few words and a picture. */
export class Previews {
  readonly #ports: PreviewPorts;
  readonly #bounds: PreviewBounds;
  readonly #known = new Lru<string, Known>(KNOWN_LENGTH_MAX);
  readonly #shared: SharedTurns<Known>;

  constructor(ports: PreviewPorts, bounds = BOUNDS) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#shared = new SharedTurns(new FairTurns(bounds.turns));
  }

  /** Throws what a client is to be told where there can be none. `who` asks for it. */
  async of(text: string, who: string): Promise<JsonObject> {
    const url = this.#ports.web.admit(text);
    const known =
      (await this.#stillKnown(url.href)) ??
      (await this.#shared.run(url.href, who, () => this.#find(url, who)));
    if (known.kind === 'none') throw known.why;
    return known.preview.json;
  }

  /** A preview whose picture has gone from the cache is made anew. */
  async #stillKnown(href: string): Promise<Known | undefined> {
    const { now, pictures } = this.#ports;
    const known = this.#known.get(href);
    if (!known || known.untilMs <= now()) return undefined;
    if (known.kind === 'none' || known.preview.mediaId === undefined) return known;
    return (await pictures.has(known.preview.mediaId)) ? known : undefined;
  }

  async #find(url: URL, who: string): Promise<Known> {
    const known = await this.#made(url, who);
    const weight =
      url.href.length + 200 + (known.kind === 'preview' ? JSON.stringify(known.preview).length : 0);
    this.#known.set(url.href, known, weight);
    return known;
  }

  async #made(url: URL, who: string): Promise<Known> {
    const { now } = this.#ports;
    try {
      const preview = ofItsOwn(await this.#preview(url, who));
      const lifeMs = preview.lacksPicture ? NONE_LIFE_MS : LIFE_MS;
      return { kind: 'preview', preview, untilMs: now() + lifeMs };
    } catch (error) {
      const why =
        error instanceof MatrixError ? error : notFound('There is nothing to be shown of it');
      return { kind: 'none', why, untilMs: now() + NONE_LIFE_MS };
    }
  }

  async #preview(url: URL, who: string): Promise<Preview> {
    const { web } = this.#ports;
    const whole = AbortSignal.timeout(this.#bounds.withinMs);
    const signal = AbortSignal.any([whole, AbortSignal.timeout(this.#bounds.pageWithinMs)]);
    const seen = await web.get(url, signal, seenOf);
    if (seen.kind === 'picture') return this.#withPicture({}, seen.bytes, { who, signal: whole });
    if (seen.kind === 'else') return { json: {}, mediaId: undefined, lacksPicture: false };
    const told = await this.#withEmbedded(seen, whole);
    const { properties, pictureAt } = told;
    if (pictureAt === undefined)
      return { json: properties, mediaId: undefined, lacksPicture: false };
    const picture = await this.#fetched(pictureAt, seen.at, whole);
    return this.#withPicture(properties, picture, { who, signal: whole });
  }

  /** oEmbed is asked where the page does not say it all. */
  async #withEmbedded({ told, oEmbedAt, at }: SeenPage, signal: AbortSignal): Promise<Told> {
    const { web } = this.#ports;
    if (oEmbedAt === undefined || isComplete(told)) return told;
    try {
      const embedded = await web.get(web.admit(oEmbedAt, at), signal, async (found) => {
        const text = await bytesOf(found, OEMBED_BYTES_MAX);
        return openGraphOfOEmbed(oEmbedIn(found.contentType, text.toString('utf8')));
      });
      return both(told, embedded);
    } catch {
      return told;
    }
  }

  /** Undefined where it cannot be had: then the preview is without. */
  async #fetched(text: string, base: URL, signal: AbortSignal) {
    const { web } = this.#ports;
    try {
      return await web.get(web.admit(text, base), signal, pictureOf);
    } catch {
      return undefined;
    }
  }

  async #withPicture(
    properties: JsonObject,
    bytes: Buffer | undefined,
    { who, signal }: { who: string; signal: AbortSignal },
  ): Promise<Preview> {
    const { measured, pictures, serverName } = this.#ports;
    const without = { json: properties, mediaId: undefined, lacksPicture: true };
    if (!bytes || bytes.length === 0) return without;
    const picture = await within(measured(bytes, who, signal), signal).catch(() => undefined);
    const isHarmless = picture && (await this.#isHarmless(bytes, { who, signal }));
    const mediaId = isHarmless ? await pictures.keep(bytes, picture, who) : undefined;
    if (!picture || mediaId === undefined) return without;
    const json = {
      ...properties,
      'og:image': `mxc://${serverName}/${mediaId}`,
      'og:image:type': picture.contentType,
      'og:image:width': picture.width,
      'og:image:height': picture.height,
      'matrix:image:size': bytes.length,
    };
    return { json, mediaId, lacksPicture: false };
  }

  #isHarmless(bytes: Buffer, { who, signal }: { who: string; signal: AbortSignal }) {
    return within(this.#ports.mayShow(bytes, who, signal), signal).catch(() => false);
  }
}

interface SeenPage {
  readonly kind: 'page';
  readonly told: Told;
  readonly oEmbedAt: string | undefined;
  /** What is named there is relative to this. */
  readonly at: URL;
}

type Seen =
  | SeenPage
  | { readonly kind: 'picture'; readonly bytes: Buffer | undefined }
  | { readonly kind: 'else' };

async function seenOf(found: Found): Promise<Seen> {
  const { contentType, url } = found;
  if (/^\s*image\//i.test(contentType)) return { kind: 'picture', bytes: await pictureOf(found) };
  if (!/^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(contentType))
    return { kind: 'else' };
  const page = await readPage(found);
  return { kind: 'page', told: openGraphOf(page, url), oEmbedAt: page.oEmbedAt, at: url };
}

/** As much of it as comes: what stands at its beginning is enough. */
async function readPage({ contentType, body }: Found) {
  const reader = new PageReader();
  const decoder = new PageDecoder(contentType);
  let bytes = 0;
  try {
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length && !reader.isDone; at += WRITE_LENGTH)
        reader.write(decoder.write(chunk.subarray(at, at + WRITE_LENGTH)));
      bytes += chunk.length;
      if (reader.isDone || bytes >= PAGE_BYTES_MAX) break;
    }
  } catch (error) {
    if (bytes === 0) throw error;
  }
  if (!reader.isDone) reader.write(decoder.end());
  return reader.page();
}

const pictureOf = (found: Found): Promise<Buffer | undefined> =>
  bytesOf(found, PICTURE_BYTES_MAX).catch(() => undefined);

async function bytesOf({ body }: Found, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`It has more than ${bytesMax} bytes`);
  }
  return Buffer.concat(chunks);
}

/** A part of a text keeps all of it in memory: of a page 2 MiB, for each name that stands there. */
const ofItsOwn = (preview: Preview): Preview => ({
  ...preview,
  json: JSON.parse(JSON.stringify(preview.json)) as JsonObject,
});

const isComplete = ({ properties, pictureAt }: Told): boolean =>
  properties['og:title'] !== undefined && pictureAt !== undefined;
