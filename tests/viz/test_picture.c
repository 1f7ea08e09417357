/* Pictures: what the SVG says, PNG and PDF made of it, the same bytes each time. With a folder as argument, a
 * sheet of all classes is left there to look at (sheet.svg, .png, .pdf). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "viz/picture.h"

static struct picture *sheet(void)
{
	static const char *const words[PIC_CLASSES] = {
		"normal",  "dim",	  "strong",    "grid",	   "added",	"removed", "drop",
		"resent",  "application", "transport", "internet", "interface", "skb",	   "kernel",
		"card",	   "wire",	  "task",      "softirq",  "irq",	"series1", "series2",
		"series3", "series4",	  "series5",   "series6",
	};
	struct picture *p = picture_new("all classes & <signs>");
	for (int i = 0; i < PIC_CLASSES; i++) {
		int x = i % 5 * 230, y = i / 5 * 110;
		struct pic_point curve[] = {
			{ x + 110, y + 60 }, { x + 140, y + 60 }, { x + 150, y + 90 }, { x + 190, y + 90 }
		};
		picture_open(p, words[i], i == 0 ? "https://example.org/?a=1&b=\"2\"" : NULL);
		picture_box(p, x, y, 100, 30, i, PIC_ROUND);
		picture_text(p, x + 50, y + 20, i, PIC_MIDDLE, "%s", words[i]);
		picture_close(p);
		picture_box(p, x + 110, y, 40, 30, i, PIC_HOLLOW | PIC_DASHED);
		picture_box(p, x + 160, y, 40, 30, i, PIC_SOLID);
		picture_line(p, x, y + 50, x + 90, y + 50, i, PIC_ARROW | PIC_ARROW_BACK);
		picture_path(p, curve, 4, i, PIC_CURVE | PIC_ARROW | PIC_DOTTED);
		picture_line(p, x, y + 70, x + 90, y + 90, i, PIC_ARROW | PIC_THICK);
		picture_text(p, x, y + 90, i, PIC_SMALL, "small");
		picture_text(p, x + 110, y + 50, i, PIC_BOLD, "bold <&> \"µ\"");
	}
	return p;
}

static char *write_as(enum pic_format format, size_t *len)
{
	char *bytes = NULL, err[256] = "";
	FILE *f = open_memstream(&bytes, len);
	struct picture *p = sheet();
	if (picture_write(p, format, f, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	picture_free(p);
	fclose(f);
	return bytes;
}

static void svg_holds_what_was_drawn(void **state)
{
	(void)state;
	size_t len;
	char *svg = write_as(PIC_SVG, &len);
	assert_non_null(strstr(svg, "<title>all classes &amp; &lt;signs&gt;</title>"));
	assert_non_null(strstr(svg, "xlink:href=\"https://example.org/?a=1&amp;b=&quot;2&quot;\""));
	assert_non_null(strstr(svg, ">bold &lt;&amp;&gt; &quot;µ&quot;</text>"));
	/* a head of 9 x 8 at the end of a level line */
	assert_non_null(strstr(svg, "<path class=\"normal head\" d=\"M90 50 L81.0 46.0 81.0 54.0 Z\"/>"));
	assert_non_null(strstr(svg, "@media (prefers-color-scheme:dark)"));
	free(svg);
}

static void page_is_what_was_drawn(void **state)
{
	(void)state;
	char *svg = NULL, err[64];
	size_t len;
	FILE *f = open_memstream(&svg, &len);
	struct picture *p = picture_new("t");
	picture_box(p, -10, -20, 30, 40, PIC_NORMAL, 0);
	picture_text(p, 20, 0, PIC_NORMAL, PIC_END, "1234567890"); /* 79 px, to the left of 20 */
	assert_int_equal(picture_write(p, PIC_SVG, f, err, sizeof(err)), 0);
	picture_free(p);
	fclose(f);
	assert_non_null(strstr(svg, "width=\"111\" height=\"72\" viewBox=\"-75 -36 111 72\""));
	free(svg);
}

static void same_bytes(void **state)
{
	(void)state;
	static const char *const begins[] = { "<?xml", "\x89PNG", "%PDF-" };
	for (int format = PIC_SVG; format <= PIC_PDF; format++) {
		size_t n, m;
		char *a = write_as(format, &n), *b = write_as(format, &m);
		assert_true(n > 1000);
		assert_memory_equal(a, begins[format], strlen(begins[format]));
		assert_int_equal(n, m);
		assert_memory_equal(a, b, n);
		free(a);
		free(b);
	}
}

static void too_wide_for_png(void **state)
{
	(void)state;
	char err[256] = "";
	struct picture *p = picture_new("wide");
	picture_line(p, 0, 0, 40000, 10, PIC_NORMAL, 0);
	FILE *null = fopen("/dev/null", "w");
	assert_int_equal(picture_write(p, PIC_PNG, null, err, sizeof(err)), -1);
	assert_string_equal(
		err, "the picture is 40032 x 42 px and a PNG goes up to 32767: use svg or pdf, or draw less");
	fclose(null);
	picture_free(p);
}

static void leave_sheet(const char *dir)
{
	static const char *const names[] = { "svg", "png", "pdf" };
	for (int format = PIC_SVG; format <= PIC_PDF; format++) {
		char path[512];
		size_t n;
		char *bytes = write_as(format, &n);
		snprintf(path, sizeof(path), "%s/sheet.%s", dir, names[format]);
		FILE *f = fopen(path, "w");
		if (f && fwrite(bytes, 1, n, f) == n)
			fclose(f);
		free(bytes);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(svg_holds_what_was_drawn),
		cmocka_unit_test(page_is_what_was_drawn),
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(too_wide_for_png),
	};
	if (argc > 1)
		leave_sheet(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
