/* SVG to PNG and PDF: librsvg draws, cairo writes. */
#include <cairo-pdf.h>
#include <cairo.h>
#include <librsvg/rsvg.h>
#include <string.h>

#include "viz/draw/module.h"

#define PNG_MAX 32767 /* px, cairo's own limit */

static cairo_status_t put(void *out, const unsigned char *data, unsigned len)
{
	return fwrite(data, 1, len, out) == len ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* Two pixels of the file for one of the picture, so that it is sharp on today's screens, where that fits. */
static int png_scale(const struct draw_size *size)
{
	return size->width <= PNG_MAX / 2 && size->height <= PNG_MAX / 2 &&
			       (long long)size->width * size->height <= 40000000
		       ? 2
		       : 1;
}

/* The surface draws itself to the file, at once or when it is finished. */
static cairo_status_t draw(RsvgHandle *handle, cairo_surface_t *surface, const struct draw_size *size,
			   int scale, GError **why)
{
	cairo_t *cr = cairo_create(surface);
	RsvgRectangle page = { 0, 0, size->width, size->height };
	cairo_scale(cr, scale, scale);
	gboolean drawn = rsvg_handle_render_document(handle, cr, &page, why);
	cairo_show_page(cr);
	cairo_status_t status = drawn ? cairo_status(cr) : CAIRO_STATUS_INVALID_CONTENT;
	cairo_destroy(cr);
	return status;
}

int draw_module_render(const char *svg, size_t len, const struct draw_size *size, bool pdf, FILE *out,
		       char *err, unsigned errlen)
{
	GError *why = NULL;
	if (!pdf && (size->width > PNG_MAX || size->height > PNG_MAX)) {
		snprintf(err, errlen,
			 "the picture is %d x %d px and a PNG goes up to %d: use svg or pdf, or draw less",
			 size->width, size->height, PNG_MAX);
		return -1;
	}
	GInputStream *in = g_memory_input_stream_new_from_data(svg, (gssize)len, NULL);
	/* more elements than a stranger's file may have: this one is ours */
	RsvgHandle *handle =
		rsvg_handle_new_from_stream_sync(in, NULL, RSVG_HANDLE_FLAG_UNLIMITED, NULL, &why);
	g_object_unref(in);
	if (!handle) {
		snprintf(err, errlen, "librsvg does not read the picture: %s", why->message);
		g_error_free(why);
		return -1;
	}
	int scale = pdf ? 1 : png_scale(size);
	rsvg_handle_set_dpi(handle, 96);
	cairo_surface_t *surface =
		pdf ? cairo_pdf_surface_create_for_stream(put, out, size->width, size->height)
		    : cairo_image_surface_create(CAIRO_FORMAT_RGB24, size->width * scale,
						 size->height * scale);
	if (pdf) /* the clock is no part of a run */
		cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE,
					       "1970-01-01T00:00:00Z");
	cairo_status_t status = draw(handle, surface, size, scale, &why);
	if (status == CAIRO_STATUS_SUCCESS && !pdf)
		status = cairo_surface_write_to_png_stream(surface, put, out);
	cairo_surface_finish(surface);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	g_object_unref(handle);
	if (status != CAIRO_STATUS_SUCCESS)
		snprintf(err, errlen, "cannot draw the picture: %s",
			 why ? why->message : cairo_status_to_string(status));
	g_clear_error(&why);
	return status == CAIRO_STATUS_SUCCESS ? 0 : -1;
}
