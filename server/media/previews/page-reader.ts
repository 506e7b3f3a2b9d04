import { Parser } from 'htmlparser2';

/** What a page says of itself, and what can be seen of it. */
export interface Page {
  /** Properties of Open Graph and the like, each as it is named first. */
  readonly properties: ReadonlyMap<string, string>;
  readonly title: string;
  readonly heading: string;
  /** How it begins. */
  readonly text: string;
  readonly oEmbedAt: string | undefined;
  readonly pictureAt: string | undefined;
}

const PROPERTIES_MAX = 100;
/** Of a text that is kept. */
export const TEXT_LENGTH_MAX = 1_000;
const BEGINNING_LENGTH = 400;
/**
 * The parser looks through all open elements for each that is closed: with so few that costs nothing, and no page of
 * people is deeper.
 */
const DEPTH_MAX = 250;

const NAMED = /^(?:og|article|profile|twitter):[\w:.-]{1,48}$|^description$/;
/** Whose text is not what the page is about, or no text. */
const UNSEEN = new Set([
  ...['head', 'header', 'nav', 'aside', 'footer', 'script', 'noscript', 'style', 'svg', 'math'],
  ...['iframe', 'frameset', 'object', 'video', 'audio', 'canvas', 'picture', 'template', 'form'],
  ...['textarea', 'select', 'button', 'dialog'],
]);

/** Reads a page as it comes, and keeps what a preview is made of. */
export class PageReader {
  readonly #parser: Parser;
  readonly #properties = new Map<string, string>();
  readonly #texts = { title: '', heading: '', text: '' };
  #oEmbedAt: string | undefined;
  #pictureAt: string | undefined;
  /** Of the elements that are open. */
  #depth = 0;
  /** The outermost open element that is not seen. */
  #unseen: { readonly name: string; readonly depth: number } | undefined;
  #within: 'title' | 'heading' | 'text' = 'text';
  #isDone = false;

  constructor({ xmlMode = false } = {}) {
    this.#parser = new Parser(
      {
        onopentag: (name, attributes) => this.#open(name, attributes),
        onclosetag: (name) => this.#close(name),
        ontext: (text) => this.#text(text),
      },
      { xmlMode },
    );
  }

  /** Nothing that comes would change the preview. */
  get isDone(): boolean {
    return this.#isDone;
  }

  write(text: string): void {
    if (!this.#isDone) this.#parser.write(text);
  }

  page(): Page {
    const { title, heading, text } = this.#texts;
    return {
      ...{ properties: this.#properties, title: tidy(title), heading: tidy(heading) },
      ...{ text: tidy(text), oEmbedAt: this.#oEmbedAt, pictureAt: this.#pictureAt },
    };
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) this.#end();
    else if (name === 'meta') this.#meta(attributes);
    else if (name === 'link') this.#link(attributes);
    else if (name === 'title' && this.#texts.title === '' && this.#isOfPage())
      this.#within = 'title';
    else if (name === 'h1' && this.#texts.heading === '') this.#within = 'heading';
    if (UNSEEN.has(name)) this.#unseen ??= { name, depth: this.#depth };
    else if (!INLINE.has(name)) this.#text(' ');
  }

  #close(name: string): void {
    if (name === 'title' || name === 'h1') this.#within = 'text';
    if (this.#unseen && this.#depth <= this.#unseen.depth) this.#unseen = undefined;
    this.#depth -= 1;
    if (name === 'head' && this.#isTold()) this.#end();
  }

  #text(text: string): void {
    const within = this.#within;
    const known = this.#texts[within];
    if ((within === 'text' && this.#unseen) || known.length >= TEXT_LENGTH_MAX) return;
    const more = text.slice(0, TEXT_LENGTH_MAX).replaceAll(/\s+/g, ' ');
    this.#texts[within] += known === '' || known.endsWith(' ') ? more.trimStart() : more;
    if (this.#texts.text.length > BEGINNING_LENGTH) this.#end();
  }

  #meta({ property, name, itemprop, content }: Readonly<Record<string, string>>): void {
    if (content === undefined || content.trim() === '') return;
    if (itemprop === 'image') this.#pictureAt ??= content;
    const named = (property ?? name ?? '').trim().toLowerCase();
    if (!NAMED.test(named) || this.#properties.size >= PROPERTIES_MAX) return;
    if (!this.#properties.has(named)) this.#properties.set(named, content.trim());
  }

  #link({ rel = '', type = '', href }: Readonly<Record<string, string>>): void {
    if (href === undefined) return;
    const kinds = rel.toLowerCase().split(/\s+/);
    if (kinds.includes('image_src')) this.#pictureAt ??= href;
    if (kinds.includes('alternate') && OEMBED.test(type)) this.#oEmbedAt ??= href;
  }

  /** A drawing within it has titles of its own. */
  #isOfPage(): boolean {
    return this.#unseen === undefined || this.#unseen.name === 'head';
  }

  #isTold(): boolean {
    const has = (name: string) => this.#properties.has(name);
    return has('og:title') && has('og:image') && has('og:description');
  }

  #end(): void {
    this.#isDone = true;
    this.#parser.pause();
  }
}

const OEMBED = /^\s*(?:application\/json|text\/xml|application\/xml)\+oembed\s*(?:;|$)/i;
const INLINE = new Set(['a', 'b', 'i', 'em', 'strong', 'span', 'code', 'small', 'sub', 'sup', 'u']);

export const tidy = (text: string): string =>
  text.replaceAll(/\s+/g, ' ').trim().slice(0, TEXT_LENGTH_MAX).toWellFormed();
