/** The page of a night: plots large in a dialog, and fits of the seeing as a film. */
import { enlargePictures } from "./lib/enlarge";
import { showFilms } from "./lib/show";

enlargePictures();
showFilms();
