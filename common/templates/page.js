(function () {
  'use strict';
  const root = document.documentElement;
  const find = (selector) => Array.from(document.querySelectorAll(selector));
  const minus = (value) => String(Math.round(value)).replace('-', '\u2212');

  /* Dark or light. */
  const theme = document.getElementById('theme');
  theme.hidden = false;
  theme.addEventListener('click', () => {
    const dark = getComputedStyle(root).colorScheme === 'dark';
    root.dataset.theme = dark ? 'light' : 'dark';
  });

  /* On paper the meanings of the metrics are open. */
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = find('table details:not([open])');
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener('afterprint', () => { opened.forEach((details) => { details.open = false; }); });

  const bar = document.getElementById('bar');
  if (!bar) return;
  bar.hidden = false;

  /* Which pictures are shown. */
  find('#bar button[data-shown]').forEach((button) => {
    button.addEventListener('click', () => {
      find('#bar button[data-shown]').forEach((other) => other.setAttribute('aria-pressed', String(other === button)));
      find('.sets').forEach((sets) => { sets.dataset.shown = button.dataset.shown; });
    });
  });
  find('#outlines').forEach((button) => button.addEventListener('click', () => {
    const off = document.body.classList.toggle('no-outlines');
    button.setAttribute('aria-pressed', String(!off));
  }));

  /* CT: canvases of the stored gray levels, in a window of HU. */
  const [least, most] = bar.dataset.stored.split(' ').map(Number);
  const toHu = (gray) => least + gray * (most - least) / 255;
  const choice = document.getElementById('window'), own = document.getElementById('own');
  const level = document.getElementById('level'), width = document.getElementById('width');
  const pictures = [], output = document.getElementById('hu');

  function shades() {
    let lo, hi;
    if (choice.value === 'own') {
      const wide = Math.max(Number(width.value) || 1, 1);
      lo = Number(level.value) - wide / 2;
      hi = lo + wide;
    } else {
      [lo, hi] = choice.value.split(' ').map(Number);
      level.value = (lo + hi) / 2;
      width.value = hi - lo;
    }
    own.hidden = choice.value !== 'own';
    return Uint8ClampedArray.from({length: 256}, (_, gray) => 255 * (toHu(gray) - lo) / (hi - lo));
  }

  function draw(picture, shade) {
    const shown = new Uint8ClampedArray(picture.gray);
    for (let i = 0; i < shown.length; i += 4) {
      for (let c = 0; c < 3; c++) shown[i + c] = shade[shown[i + c]];
    }
    picture.context.putImageData(new ImageData(shown, picture.size[0], picture.size[1]), 0, 0);
  }

  function replace(image) {
    const canvas = document.createElement('canvas'), size = [image.naturalWidth, image.naturalHeight];
    [canvas.width, canvas.height] = size;
    canvas.style.width = image.width + 'px';
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', image.alt);
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(image, 0, 0);
    const picture = {context, size, gray: context.getImageData(0, 0, size[0], size[1]).data};
    pictures.push(picture);
    draw(picture, shades());
    canvas.addEventListener('pointermove', (event) => {
      const box = canvas.getBoundingClientRect();
      const x = Math.min(Math.max(Math.floor((event.clientX - box.left) / box.width * size[0]), 0), size[0] - 1);
      const y = Math.min(Math.max(Math.floor((event.clientY - box.top) / box.height * size[1]), 0), size[1] - 1);
      const values = Array.from(picture.gray.slice(4 * (y * size[0] + x), 4 * (y * size[0] + x) + 3), toHu).map(minus);
      const same = values.every((value) => value === values[0]);
      output.textContent = 'x ' + x + ', y ' + y + ': ' + (same ? values[0] : values.join(' / ')) + ' ' + bar.dataset.unit;
    });
    image.replaceWith(canvas);
  }

  find('img.ct').forEach((image) => image.decode().then(() => replace(image), () => undefined));
  [choice, level, width].forEach((input) => input.addEventListener('input', () => {
    const shade = shades();
    pictures.forEach((picture) => draw(picture, shade));
  }));
  shades();
})();
