/** The pages that say how something ended. Each tells the reader what to do next; the agent does the rest. */
import { html } from 'hono/html';
import { type Markup, type Page, shown } from '../layout.js';
import { isWebUrl } from '../web-url.js';
import { CHECK_ICON, CLOCK_ICON, CROSS_ICON, LOCK_ICON, SEARCH_ICON } from './icons.js';

type Tone = 'good' | 'bad' | 'plain';

/** A page with one sign, one sentence and what follows. */
export function outcome(options: {
  readonly title: string;
  readonly tone: Tone;
  readonly icon: Markup;
  readonly content: Markup;
}): Page {
  return {
    title: options.title,
    content: html`<main class="outcome">
<div class="sign ${options.tone}">${options.icon}</div>
<h1>${options.title}</h1>
${options.content}
</main>`,
  };
}

export function connectedPage(serverName: string): Page {
  return outcome({
    title: `You are connected to ${shown(serverName)}`,
    tone: 'good',
    icon: CHECK_ICON,
    content: html`<p class="lead">You can close this tab and go back to your agent.</p>`,
  });
}

/** `message` is text of ours on what went wrong. */
export function failedPage(serverName: string, message: string): Page {
  return outcome({
    title: `Could not connect to ${shown(serverName)}`,
    tone: 'bad',
    icon: CROSS_ICON,
    content: html`<p class="message">${shown(message)}</p>
<p class="lead">Go back to your agent and ask it to connect again. You can close this tab.</p>`,
  });
}

/** For an answer that belongs to no open sign-in; it says the same whatever the reason is. */
export function refusedPage(): Page {
  return outcome({
    title: 'This sign-in is no longer open',
    tone: 'plain',
    icon: CLOCK_ICON,
    content: html`<p class="lead">It was finished already, took too long, or was not started on this computer. Nothing was changed.</p>
<p class="lead">If you were signing in, go back to your agent and ask it to connect again.</p>`,
  });
}

/** Saved; `continueUrl` is where a sign-in goes on. */
export function savedPage(serverName: string, continueUrl: string | undefined): Page {
  if (continueUrl === undefined) {
    return outcome({
      title: `Saved for ${shown(serverName)}`,
      tone: 'good',
      icon: CHECK_ICON,
      content: html`<p class="lead">It is stored encrypted. You can close this tab and go back to your agent.</p>`,
    });
  }
  if (!isWebUrl(continueUrl)) throw new TypeError('A sign-in goes on at an http(s) URL.');
  return outcome({
    title: 'Saved. One step left',
    tone: 'good',
    icon: CHECK_ICON,
    content: html`<p class="lead">Sign in to allow your agent to use ${shown(serverName)}.</p>
<a class="button" href="${continueUrl}" rel="noreferrer">Continue to sign in</a>`,
  });
}

/** Another browser opened the link first, or this one was led here by another site and so kept its cookie back. */
export function unauthorizedPage(): Page {
  return outcome({
    title: 'This page belongs to another browser',
    tone: 'plain',
    icon: LOCK_ICON,
    content: html`<p class="lead">Only the browser that opened the link first can use it. If that was this one, <a href="">open the page again</a>.</p>
<p class="lead">Otherwise ask your agent for a new link.</p>`,
  });
}

export function forbiddenPage(): Page {
  return outcome({
    title: 'This was not sent from our page',
    tone: 'plain',
    icon: LOCK_ICON,
    content: html`<p class="lead">Nothing was saved. Open the link from your agent again and fill in the form there.</p>`,
  });
}

export function notFoundPage(): Page {
  return outcome({
    title: 'There is nothing here',
    tone: 'plain',
    icon: SEARCH_ICON,
    content: html`<p class="lead">The link is not complete, or it is more than 10 minutes old. Ask your agent to connect again for a new one.</p>`,
  });
}

export function brokenPage(): Page {
  return outcome({
    title: 'Something went wrong here',
    tone: 'bad',
    icon: CROSS_ICON,
    content: html`<p class="lead">This is our fault, not yours. Go back to your agent and ask it to connect again.</p>`,
  });
}
