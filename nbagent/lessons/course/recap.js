// A lesson's questions: radio buttons that the keyboard reaches, answered in the page.

/** Text with `code` in it, as nodes. */
function words(text) {
  return text.split('`').map((part, i) => {
    if (i % 2 === 0) return part;
    const code = document.createElement('code');
    code.textContent = part;
    return code;
  });
}

function asked({ text, options, said }, name) {
  const set = document.createElement('fieldset');
  set.style.cssText = 'border: 0; margin: 0 0 12px; padding: 0; min-inline-size: 0';
  const legend = document.createElement('legend');
  legend.style.cssText = 'font-weight: bold; padding: 0';
  legend.append(...words(text));
  const answer = document.createElement('p');
  answer.setAttribute('role', 'status');
  answer.style.margin = '4px 0';
  const choices = options.map((option, i) => {
    const label = document.createElement('label');
    label.style.cssText = 'display: block; padding: 2px 0';
    const radio = document.createElement('input');
    radio.type = 'radio';
    radio.name = name;
    radio.setAttribute('data-lm-suppress-shortcuts', 'true'); // Lab would take the arrow keys
    radio.addEventListener('change', () => answer.replaceChildren(...words(said[i])));
    label.append(radio, ' ', ...words(option));
    return label;
  });
  set.append(legend, ...choices, answer);
  return set;
}

function render({ model, el }) {
  const view = Math.random().toString(36).slice(2); // two views of it are two groups each
  model.get('questions').forEach((question, n) => el.append(asked(question, `${view}-${n}`)));
}

export default { render };
