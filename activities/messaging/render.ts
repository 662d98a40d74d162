import { Liquid, type Template } from 'liquidjs';
import { escapeHtml } from '../../domain/html.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import { SECRET_PARAMETERS } from '../../domain/messages.ts';
import { secretsFault, strayTag } from './secrets-in-html.ts';

export interface TemplateText {
  subject: string | null;
  html: string | null;
  text: string;
}

export interface RenderedMessage {
  subject?: string;
  html?: string;
  text: string;
}

/** Shared texts by key. `isHtml`: written by an operator as HTML, goes into HTML as it is. */
export type SharedTexts = Readonly<Record<string, { value: string; isHtml: boolean }>>;

const LARGEST = { subject: 500, text: 100_000, html: 500_000 } as const;
/** What reaches for other templates or keeps state between renderings. */
const NOT_OFFERED = ['include', 'render', 'layout', 'block', 'increment', 'decrement'];

class Html {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
  toString(): string {
    return this.html;
  }
}

const escaped = (value: unknown): string => (value instanceof Html ? value.html : escapeHtml(String(value ?? '')));

/** Liquid without files, code, prototypes and unescaped output; bounded in size and time. */
const engineWith = (outputEscape?: (value: unknown) => string): Liquid => {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    dynamicPartials: false,
    templates: {},
    parseLimit: 200_000,
    renderLimit: 500,
    memoryLimit: 2_000_000,
    ...(outputEscape && { outputEscape }),
  });
  for (const tag of NOT_OFFERED) delete engine.tags[tag];
  delete engine.filters['raw'];
  return engine;
};

const ENGINES = { subject: engineWith(), text: engineWith(), html: engineWith(escaped) };
type Part = keyof typeof ENGINES;
const PARTS = ['subject', 'html', 'text'] as const satisfies readonly Part[];

/**
 * Throws `InvalidInput` naming the part and what is wrong in it: syntax, an unknown tag, filter or parameter; a body that does not tell what the message is
 * there to tell, for a mail without its code locks out whoever waits for it; HTML that carries it elsewhere.
 */
export const checkTemplate = (template: TemplateText, parameters: readonly string[], shared: SharedTexts): void => {
  const secrets = parameters.filter((name) => SECRET_PARAMETERS.includes(name));
  for (const part of PARTS) {
    const names = namesIn(part, template[part]);
    for (const [root, key] of names) {
      const known =
        root === 'storage' ? key !== undefined && Object.hasOwn(shared, key) : parameters.includes(root ?? '');
      if (!known) throw wrong(part, `there is no parameter '${root === 'storage' ? `storage.${key ?? ''}` : root}'`);
    }
    const untold = secrets.find((name) => !names.some(([root]) => root === name));
    if (part !== 'subject' && template[part] !== null && untold !== undefined)
      throw wrong(part, `it must have the parameter '${untold}'`);
  }
  if (template.html !== null && secrets.length > 0) assertKeepsSecrets(template.html, secrets, shared);
};

/** Shared HTML stands in it as it is: outside of tags, and without one that is left open. */
const assertKeepsSecrets = (html: string, secrets: readonly string[], shared: SharedTexts): void => {
  const asHtml = Object.keys(shared).filter((key) => shared[key]!.isHtml);
  const fault = secretsFault(html, [...secrets, ...asHtml]);
  if (fault !== null) throw wrong('html', fault);
  const left = namesIn('html', html).find(
    ([root, key]) => root === 'storage' && asHtml.includes(key!) && strayTag(shared[key!]!.value) !== null,
  );
  if (left) throw wrong('html', `'storage.${left[1]}' has a tag that is not whole`);
};

/** Keys of the shared texts that it cannot be rendered without. Throws as `checkTemplate` does. */
export const sharedTextsIn = (template: TemplateText): Set<string> =>
  new Set(
    PARTS.flatMap((part) =>
      namesIn(part, template[part]).flatMap(([root, key]) => (root === 'storage' && key !== undefined ? [key] : [])),
    ),
  );

/** `{{ storage.signature }}` is ['storage', 'signature']. */
const namesIn = (part: Part, source: string | null): string[][] => {
  if (source === null) return [];
  const parsed = parse(part, source);
  return wrongIn(part, () => ENGINES[part].globalVariableSegmentsSync(parsed)).map((segments) => segments.map(String));
};

/** Throws `InvalidInput` naming the part; a parameter that is not given is refused by name. */
export const renderTemplate = (
  template: TemplateText,
  parameters: Readonly<Record<string, string>>,
  shared: SharedTexts,
): RenderedMessage => {
  const render = (part: Part): string | undefined => {
    const source = template[part];
    if (source === null) return undefined;
    const storage = Object.fromEntries(
      Object.entries(shared).map(([key, { value, isHtml }]) => [
        key,
        part === 'html' && isHtml ? new Html(value) : value,
      ]),
    );
    const parsed = parse(part, source);
    const out = wrongIn(part, () => String(ENGINES[part].renderSync(parsed, { ...parameters, storage })));
    if (out.length > LARGEST[part]) throw wrong(part, `is longer than ${LARGEST[part]} characters when filled in`);
    return out;
  };
  const [subject, html] = [render('subject'), render('html')];
  return {
    // One line: it becomes a header.
    ...(subject !== undefined && { subject: subject.replace(/\s+/g, ' ').trim() }),
    ...(html !== undefined && { html }),
    text: render('text')!,
  };
};

const parse = (part: Part, source: string): Template[] => wrongIn(part, () => ENGINES[part].parse(source));

const wrongIn = <T>(part: Part, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (isHubFailure(error)) throw error;
    // The first line says what and where; the rest quotes the template.
    throw wrong(part, (error as Error).message.split('\n')[0]!.slice(0, 300));
  }
};

const wrong = (part: Part, issue: string): HubFailure =>
  new HubFailure('InvalidInput', 'validation', `${part}: ${issue}`, { field: part });
