/** Where a page says how its letters are written (HTML, "Prescan a byte stream"). */
const PRESCAN_BYTES = 1_024;
/** Of a header full of spaces the search would not end soon. */
const HEADER_LENGTH_MAX = 255;

/**
 * Text of a page's bytes: a byte order mark says how they are to be read, else the header, else the page itself, else
 * it is UTF-8.
 */
export class PageDecoder {
  readonly #contentType: string;
  #decoder: TextDecoder | undefined;
  #first = Buffer.alloc(0);

  constructor(contentType: string) {
    this.#contentType = contentType;
  }

  write(bytes: Buffer): string {
    if (this.#decoder) return this.#decoder.decode(bytes, { stream: true });
    this.#first = Buffer.concat([this.#first, bytes]);
    return this.#first.length < PRESCAN_BYTES ? '' : this.#begin();
  }

  end(): string {
    const rest = this.#decoder ? '' : this.#begin();
    return rest + this.#decoder!.decode();
  }

  #begin(): string {
    this.#decoder = decoderOf(labelOf(this.#contentType, this.#first));
    return this.#decoder.decode(this.#first, { stream: true });
  }
}

const CHARSET = /charset\s*=\s*["']?\s*([\w:.()-]+)/i;
const META_CHARSET = /<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w:.()-]+)/i;

function labelOf(contentType: string, first: Buffer): string | undefined {
  if (first[0] === 0xff && first[1] === 0xfe) return 'utf-16le';
  if (first[0] === 0xfe && first[1] === 0xff) return 'utf-16be';
  if (first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf) return 'utf-8';
  const inHeader = CHARSET.exec(contentType.slice(0, HEADER_LENGTH_MAX))?.[1];
  if (inHeader !== undefined && isKnown(inHeader)) return inHeader;
  const inPage = META_CHARSET.exec(first.toString('latin1', 0, PRESCAN_BYTES))?.[1];
  // What was read byte by byte so far is not written in pairs of bytes.
  return inPage !== undefined && /^utf-16/i.test(inPage) ? 'utf-8' : inPage;
}

const isKnown = (label: string): boolean => {
  try {
    return new TextDecoder(label) !== undefined;
  } catch {
    return false;
  }
};

const decoderOf = (label = 'utf-8'): TextDecoder =>
  new TextDecoder(isKnown(label) ? label : 'utf-8');
