/* The page's parts, files of viz/report/ as CMake embeds them (viz/report/embed.cmake). */
#ifndef VIZ_REPORT_PAGE_H
#define VIZ_REPORT_PAGE_H

extern const char viz_report_html[]; /* report.html */
extern const char viz_report_css[];  /* report.css */
extern const char viz_report_js[];   /* all scripts, one after the other */

#endif
