/**
 * The first form of an HTML page, as a browser would submit it.
 * Enough for the pages of the fixtures and of the product, which are plain HTML.
 */
export interface HtmlForm {
  readonly action: string;
  readonly method: 'GET' | 'POST';
  /** Inputs with the values they already have. */
  readonly fields: Readonly<Record<string, string>>;
  readonly buttons: readonly { readonly name: string; readonly value: string }[];
}

/** Returns nothing where the page has no form. */
export function firstForm(html: string): HtmlForm | undefined {
  const [, attributes, content] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html) ?? [];
  if (attributes === undefined || content === undefined) return undefined;
  const inputs = tagsOf(content, 'input').filter(({ name, type }) => name !== undefined && type !== 'submit');
  return {
    action: attributesOf(attributes).action ?? '',
    method: attributesOf(attributes).method?.toUpperCase() === 'POST' ? 'POST' : 'GET',
    fields: Object.fromEntries(inputs.map(({ name, value }) => [name ?? '', value ?? ''])),
    buttons: tagsOf(content, 'button').map(({ name, value }) => ({ name: name ?? '', value: value ?? '' })),
  };
}

function tagsOf(html: string, tag: string): Record<string, string>[] {
  return [...html.matchAll(new RegExp(`<${tag}\\b([^>]*)>`, 'gi'))].map(([, attributes = '']) =>
    attributesOf(attributes),
  );
}

function attributesOf(text: string): Record<string, string> {
  const pairs = text.matchAll(/([\w-]+)\s*=\s*"([^"]*)"/g);
  return Object.fromEntries([...pairs].map(([, name = '', value = '']) => [name.toLowerCase(), unescapeHtml(value)]));
}

function unescapeHtml(value: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return value.replace(/&(?:#(\d+)|(amp|lt|gt|quot));/g, (_match, code?: string, name?: string) =>
    code === undefined ? (named[name ?? ''] ?? '') : String.fromCharCode(Number(code)),
  );
}
