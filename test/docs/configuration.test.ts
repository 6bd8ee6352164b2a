import { configurationPage } from '../../docs/configuration-page.ts';
import { textOf } from './pages.ts';

it('lists every environment variable as the code declares it; npm run generate:docs mends it', () => {
  expect(textOf('docs/configuration.md')).toBe(configurationPage());
});
